/**
 * Buttons and links that look like buttons. A disabled button stays focusable and says why: the reason is its
 * description and shows on hover and focus, because a grey button without a reason helps nobody.
 */
import { LoaderCircle } from 'lucide-react';
import { type AnchorHTMLAttributes, type ButtonHTMLAttributes, type ReactNode, useId } from 'react';

export type ButtonKind = 'primary' | 'quiet' | 'plain' | 'danger';

const looks: Record<ButtonKind, string> = {
  primary: 'bg-tide text-on-tide hover:bg-tide-deep aria-disabled:hover:bg-tide border border-transparent',
  quiet: 'bg-foam text-ink border border-edge/60 hover:border-edge hover:bg-well aria-disabled:hover:bg-foam',
  plain: 'text-ink border border-transparent hover:bg-well',
  danger: 'bg-foam text-coral border border-coral/60 hover:bg-coral-soft',
};

const shape =
  'inline-flex min-h-10 items-center justify-center gap-2 rounded-md px-3.5 py-1.5 text-sm font-semibold whitespace-nowrap select-none pointer-coarse:min-h-11 motion-safe:transition-colors duration-100';

export function buttonClass(kind: ButtonKind): string {
  return `${shape} ${looks[kind]}`;
}

interface ButtonProps extends Omit<ButtonHTMLAttributes<HTMLButtonElement>, 'disabled' | 'className'> {
  readonly kind?: ButtonKind;
  readonly icon?: ReactNode;
  /** Work under way: the label stays, a second press does nothing. */
  readonly busy?: boolean;
  /** Why this cannot be done now. Present = disabled. */
  readonly disabledReason?: string | undefined;
  readonly wide?: boolean;
}

export function Button({
  kind = 'quiet',
  icon,
  busy = false,
  disabledReason,
  wide = false,
  onClick,
  children,
  type = 'button',
  ...rest
}: ButtonProps) {
  const id = useId();
  const blocked = disabledReason !== undefined;
  const button = (
    <button
      {...rest}
      type={type}
      className={`${buttonClass(kind)} ${wide ? 'w-full' : ''} aria-disabled:cursor-not-allowed aria-disabled:opacity-55 aria-busy:cursor-progress`}
      aria-disabled={blocked || undefined}
      aria-busy={busy || undefined}
      aria-describedby={blocked ? id : rest['aria-describedby']}
      onClick={(event) => {
        if (blocked || busy) {
          event.preventDefault();
          return;
        }
        onClick?.(event);
      }}
    >
      {busy ? <LoaderCircle size={16} aria-hidden className="animate-spin motion-reduce:animate-none" /> : icon}
      {children}
    </button>
  );
  if (!blocked) return button;
  return (
    <span className={`group/reason relative inline-flex [&>button]:flex-1 ${wide ? 'w-full' : ''}`}>
      {button}
      <span
        id={id}
        role="tooltip"
        className="pointer-events-none absolute top-full left-0 z-20 mt-1.5 hidden w-max max-w-64 rounded-md bg-ink px-2.5 py-1.5 text-xs text-fog shadow-float group-focus-within/reason:block group-hover/reason:block max-sm:fixed max-sm:inset-x-4 max-sm:top-auto max-sm:bottom-4 max-sm:w-auto max-sm:max-w-none max-sm:px-4 max-sm:py-3 max-sm:text-sm"
      >
        {disabledReason}
      </span>
    </span>
  );
}

interface ButtonLinkProps extends Omit<AnchorHTMLAttributes<HTMLAnchorElement>, 'className'> {
  readonly kind?: ButtonKind;
  readonly icon?: ReactNode;
}

/** A plain link (another origin, a download) with the look of a button. */
export function ButtonLink({ kind = 'quiet', icon, children, ...rest }: ButtonLinkProps) {
  return (
    <a {...rest} className={buttonClass(kind)}>
      {icon}
      {children}
    </a>
  );
}

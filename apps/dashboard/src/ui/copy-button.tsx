/** Copies text and says so, in place and to a screen reader. */
import { Check, Copy } from 'lucide-react';
import { useEffect, useState } from 'react';
import { showToast } from './toast.tsx';

interface CopyButtonProps {
  /** What is copied; a function when it must be made at the moment of the click. */
  readonly text: string | (() => string);
  readonly label: string;
  /** Only the icon is shown; the label is for assistive technology. */
  readonly iconOnly?: boolean;
}

export function CopyButton({ text, label, iconOnly = false }: CopyButtonProps) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return undefined;
    const timer = setTimeout(() => setCopied(false), 2_000);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = (): void => {
    navigator.clipboard.writeText(typeof text === 'string' ? text : text()).then(
      () => setCopied(true),
      () => showToast({ tone: 'problem', text: 'The browser refused to copy. Select the text instead.' }),
    );
  };
  const icon = copied ? <Check size={15} aria-hidden className="text-tide" /> : <Copy size={15} aria-hidden />;
  return (
    <button
      type="button"
      onClick={copy}
      aria-label={iconOnly ? label : undefined}
      title={iconOnly ? label : undefined}
      className={`inline-flex items-center justify-center gap-1.5 rounded-sm font-medium text-soft hover:bg-well hover:text-ink ${iconOnly ? 'size-8 pointer-coarse:size-11' : 'min-h-8 px-2 text-xs pointer-coarse:min-h-11'}`}
    >
      {icon}
      {iconOnly ? null : copied ? 'Copied' : label}
      <span className="sr-only" role="status">
        {copied ? 'Copied' : ''}
      </span>
    </button>
  );
}

/** A modal question on the browser's own dialog: focus is kept inside, Escape closes, focus returns to the trigger. */
import { type ReactNode, useLayoutEffect, useRef } from 'react';
import { Button } from './button.tsx';

interface ConfirmDialogProps {
  readonly open: boolean;
  readonly title: string;
  readonly confirmLabel: string;
  readonly busy?: boolean;
  /** Why it cannot be confirmed now. */
  readonly disabledReason?: string | undefined;
  readonly onConfirm: () => void;
  readonly onClose: () => void;
  readonly children: ReactNode;
}

export function ConfirmDialog({
  open,
  title,
  confirmLabel,
  busy = false,
  disabledReason,
  onConfirm,
  onClose,
  children,
}: ConfirmDialogProps) {
  const ref = useRef<HTMLDialogElement>(null);
  // Only `close()` gives the focus back to what had it, so also one that is taken off the page is closed first.
  useLayoutEffect(() => {
    const dialog = ref.current;
    if (!dialog || !open) return undefined;
    dialog.showModal();
    return () => dialog.close();
  }, [open]);
  return (
    <dialog
      ref={ref}
      aria-labelledby="confirm-title"
      // The browser tells of a closing later; by then the question may be asked again.
      onClose={(event) => event.currentTarget.open || onClose()}
      className="panel w-[calc(100%-2rem)] max-w-md p-6 shadow-float max-sm:mb-4"
    >
      <h2 id="confirm-title" className="text-lg font-semibold">
        {title}
      </h2>
      <div className="mt-2 text-soft">{children}</div>
      <div className="mt-6 flex flex-wrap justify-end gap-2">
        <Button kind="plain" onClick={onClose}>
          Cancel
        </Button>
        <Button kind="primary" busy={busy} disabledReason={disabledReason} onClick={onConfirm}>
          {confirmLabel}
        </Button>
      </div>
    </dialog>
  );
}

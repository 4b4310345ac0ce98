/**
 * Short notes about what was just done. Never the only copy of a fact: errors stay inline, results are on the page.
 * At most three; they wait while the pointer or the focus is on them.
 */
import { X } from 'lucide-react';
import { useEffect, useState, useSyncExternalStore } from 'react';

export interface Toast {
  readonly id: number;
  readonly tone: 'done' | 'problem';
  readonly text: string;
}

const toastMax = 3;
const shownMs = 6_000;

let toasts: readonly Toast[] = [];
let lastId = 0;
const listeners = new Set<() => void>();

function replace(next: readonly Toast[]): void {
  toasts = next;
  for (const listener of listeners) listener();
}

export function showToast(toast: Omit<Toast, 'id'>): void {
  lastId += 1;
  replace([...toasts, { ...toast, id: lastId }].slice(-toastMax));
}

function dismiss(id: number): void {
  replace(toasts.filter((toast) => toast.id !== id));
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function Toasts() {
  const list = useSyncExternalStore(subscribe, () => toasts);
  const [held, setHeld] = useState(false);
  const oldest = list[0]?.id;
  useEffect(() => {
    if (oldest === undefined || held) return undefined;
    const timer = setTimeout(() => dismiss(oldest), shownMs);
    return () => clearTimeout(timer);
  }, [oldest, held]);
  return (
    <section
      aria-label="Notes"
      className="pointer-events-none fixed inset-x-0 bottom-0 z-40 flex flex-col items-center gap-2 p-4"
      onPointerEnter={() => setHeld(true)}
      onPointerLeave={() => setHeld(false)}
      onFocus={() => setHeld(true)}
      onBlur={() => setHeld(false)}
    >
      <div role="status" className="flex flex-col items-center gap-2">
        {list.map((toast) => (
          <div
            key={toast.id}
            className="motion-rise pointer-events-auto flex max-w-sm items-center gap-2 rounded-md bg-ink py-1.5 pr-1.5 pl-4 text-sm text-fog shadow-float"
          >
            <span>{toast.text}</span>
            <button
              type="button"
              aria-label="Dismiss"
              className="inline-flex size-8 shrink-0 items-center justify-center rounded-sm hover:bg-fog/15 focus-visible:outline-fog"
              onClick={() => dismiss(toast.id)}
            >
              <X size={15} aria-hidden />
            </button>
          </div>
        ))}
      </div>
    </section>
  );
}

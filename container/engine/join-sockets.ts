// Two connections become one: bytes with backpressure and half-closes both ways, and neither outlives the other.
import type { Duplex } from 'node:stream';

/** How long a peer may take the last bytes after the other side is gone. */
const FLUSH_MS_MAX = 30_000;
/** After the last byte is handed over, what the peer still sends has no reader. */
const LINGER_MS = 1_000;

/** Pipes both ways; when one side closes, the other gets what was written and is closed too. */
export function joinSockets(left: Duplex, right: Duplex): void {
  closeWith(left, right);
  closeWith(right, left);
  left.pipe(right);
  right.pipe(left);
}

function closeWith(from: Duplex, to: Duplex): void {
  from.on('error', () => from.destroy());
  from.on('close', () => {
    if (to.destroyed) return;
    setTimeout(() => to.destroy(), FLUSH_MS_MAX).unref();
    to.end(() => setTimeout(() => to.destroy(), LINGER_MS).unref());
  });
}

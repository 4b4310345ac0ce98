/** One call to a container's port, with an end: a gateway that accepts and says nothing must not hold a request for ever. */

/** What the relay needs of a container's port. */
export interface Port {
  fetch(url: string, init: RequestInit): Promise<Response>;
}

/** Long enough for anything the Control UI asks over HTTP; what streams is not cut off once it has begun. */
export const answerDeadlineMs = 120_000;
/** A gateway answers an upgrade before it looks at who asks. */
export const upgradeDeadlineMs = 30_000;

export type PortAnswer =
  | { readonly kind: 'answered'; readonly response: Response }
  /** The connection was refused or lost before an answer began. */
  | { readonly kind: 'lost' }
  | { readonly kind: 'late' };

/** Asks once; the deadline is for the answer's head. Never rejects. */
export async function askPort(port: Port, url: string, init: RequestInit, deadlineMs: number): Promise<PortAnswer> {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), deadlineMs);
  try {
    return { kind: 'answered', response: await port.fetch(url, { ...init, signal: controller.signal }) };
  } catch {
    return { kind: controller.signal.aborted ? 'late' : 'lost' };
  } finally {
    clearTimeout(timer);
  }
}

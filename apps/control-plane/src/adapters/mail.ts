/**
 * Mail, behind one port. A mail is a row under its key before anything is sent: the same key is the same mail. Where mail
 * is kept (a laptop) that is all. Where it is sent, a try claims the row, hands it to Cloudflare Email Service, and then
 * removes its text; a try that died is made again by the sweep, so a crash right after sending may send a mail twice.
 * The Cloudflare adapter is not run against the real service (docs/verification.md).
 */
import { and, asc, desc, eq, gt, isNull, lt, sql } from 'drizzle-orm';
import type { DrizzleD1Database } from 'drizzle-orm/d1';
import type { EmailBinding } from '../env.ts';
import type { Log } from '../events.ts';
import { mailOutbox } from './d1/schema.ts';
import type { System } from './system.ts';

export interface Mail {
  /** The same key is the same mail: sent once. */
  readonly key: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  /** The one thing to click, also in the text. */
  readonly link: string | null;
}

export interface Mailer {
  send(mail: Mail): Promise<void>;
  /** Tries again what waits, one page. Resolves to how many still wait of it. */
  sendWaiting(): Promise<number>;
}

export type KeptMail = typeof mailOutbox.$inferSelect;

const listedMax = 200;
const sendPage = 20;
/** A try may take this long before another is made. */
const claimMs = 60_000;
/** With pauses that double from a minute to six hours: 20 hours, which few outages of a mail service outlast. */
const attemptsMax = 12;
/** Nobody is sent what was written longer ago: its link is dead, and what it warns of has happened. */
const sentWithinMs = 2 * 86_400_000;
const pauseMs = (attempts: number): number => Math.min(6 * 3_600_000, 30_000 * 2 ** attempts);
/** No sweep asks for it again; the row stays for an operator. */
const neverMs = 8_640_000_000_000_000;

interface Deps {
  readonly db: DrizzleD1Database;
  readonly system: System;
}

/** Keeps mail for reading at /outbox. */
export class OutboxMailer implements Mailer {
  readonly #deps: Deps;

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  async send(mail: Mail): Promise<void> {
    await insertMail(this.#deps, mail, this.#deps.system.nowMs());
  }

  sendWaiting(): Promise<number> {
    return Promise.resolve(0);
  }

  /** Newest first. */
  async list(): Promise<KeptMail[]> {
    const { db } = this.#deps;
    return db.select().from(mailOutbox).orderBy(desc(mailOutbox.createdAtMs), desc(mailOutbox.id)).limit(listedMax);
  }

  async read(id: string): Promise<KeptMail | undefined> {
    return (await this.#deps.db.select().from(mailOutbox).where(eq(mailOutbox.id, id)).limit(1))[0];
  }
}

/** Sends mail through the EMAIL binding. */
export class CloudflareMailer implements Mailer {
  readonly #deps: Deps & { readonly binding: EmailBinding; readonly from: string; readonly log: Log };

  constructor(deps: Deps & { readonly binding: EmailBinding; readonly from: string; readonly log: Log }) {
    this.#deps = deps;
  }

  async send(mail: Mail): Promise<void> {
    const id = await insertMail(this.#deps, mail, null);
    if (id !== null) await this.#trySend(id);
  }

  async sendWaiting(): Promise<number> {
    const { db, system } = this.#deps;
    const nowMs = system.nowMs();
    const waiting = await db
      .select({ id: mailOutbox.id })
      .from(mailOutbox)
      .where(
        and(
          sql`sent_at_ms IS NULL`,
          lt(mailOutbox.claimedUntilMs, nowMs),
          gt(mailOutbox.createdAtMs, nowMs - sentWithinMs),
        ),
      )
      .orderBy(asc(mailOutbox.claimedUntilMs))
      .limit(sendPage);
    let left = 0;
    for (const { id } of waiting) if (!(await this.#trySend(id))) left++;
    return left;
  }

  /** One guarded statement lets one try in; false when it could not be sent. */
  async #trySend(id: string): Promise<boolean> {
    const { db, system, binding, from, log } = this.#deps;
    const nowMs = system.nowMs();
    const claimed = await db
      .update(mailOutbox)
      .set({ claimedUntilMs: nowMs + claimMs, attempts: sql`${mailOutbox.attempts} + 1` })
      .where(and(eq(mailOutbox.id, id), isNull(mailOutbox.sentAtMs), lt(mailOutbox.claimedUntilMs, nowMs)))
      .returning();
    const mail = claimed[0];
    if (mail === undefined) return true;
    try {
      await binding.send({ from, to: mail.recipient, subject: mail.subject, text: mail.text });
    } catch (error) {
      const { attempts } = mail;
      const final = attempts >= attemptsMax;
      log('mail.failed', { mail: id, attempts, final, error: kindOf(error) });
      const claimedUntilMs = final ? neverMs : system.nowMs() + pauseMs(attempts);
      await db.update(mailOutbox).set({ claimedUntilMs }).where(eq(mailOutbox.id, id));
      return false;
    }
    await db.update(mailOutbox).set({ sentAtMs: system.nowMs(), text: '', link: null }).where(eq(mailOutbox.id, id));
    return true;
  }
}

/** Longer than any key may be made again: they name a month, or a notice that is due for 30 days (core/billing/service.ts). */
const keptMs = 400 * 86_400_000;

/** Removes mail that is old, sent or given up: its row names a person. */
export async function mailsPurge(db: DrizzleD1Database, nowMs: number): Promise<void> {
  await db.delete(mailOutbox).where(lt(mailOutbox.createdAtMs, nowMs - keptMs));
}

/** The service's code, or the error's class: its text may name the recipient. */
function kindOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  return 'code' in error && typeof error.code === 'string' ? error.code.slice(0, 100) : error.name;
}

/** Resolves to the row's id, or null when this mail exists. */
async function insertMail({ db, system }: Deps, mail: Mail, sentAtMs: number | null): Promise<string | null> {
  const { key, to, subject, text, link } = mail;
  const inserted = await db
    .insert(mailOutbox)
    .values({ id: system.ulid(), key, recipient: to, subject, text, link, createdAtMs: system.nowMs(), sentAtMs })
    .onConflictDoNothing()
    .returning({ id: mailOutbox.id });
  return inserted[0]?.id ?? null;
}

/**
 * Mail, behind one port. Each mail has a key and is sent once per key. The outbox keeps mail in D1 for a laptop; the
 * Cloudflare adapter hands it to Email Service (not run against the real service, see docs/verification.md).
 */
import { desc, eq } from 'drizzle-orm';
import type { DrizzleD1Database } from 'drizzle-orm/d1';
import type { EmailBinding } from '../env.ts';
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
}

export type KeptMail = typeof mailOutbox.$inferSelect;

const keptMax = 200;

export class OutboxMailer implements Mailer {
  readonly #db: DrizzleD1Database;
  readonly #system: System;

  constructor(db: DrizzleD1Database, system: System) {
    this.#db = db;
    this.#system = system;
  }

  async send(mail: Mail): Promise<void> {
    const { key, to, subject, text, link } = mail;
    await this.#db
      .insert(mailOutbox)
      .values({ id: this.#system.ulid(), key, recipient: to, subject, text, link, createdAtMs: this.#system.nowMs() })
      .onConflictDoNothing();
  }

  /** Newest first. */
  async list(): Promise<KeptMail[]> {
    return this.#db.select().from(mailOutbox).orderBy(desc(mailOutbox.createdAtMs), desc(mailOutbox.id)).limit(keptMax);
  }

  async read(id: string): Promise<KeptMail | undefined> {
    return (await this.#db.select().from(mailOutbox).where(eq(mailOutbox.id, id)).limit(1))[0];
  }
}

export class CloudflareMailer implements Mailer {
  readonly #binding: EmailBinding;
  readonly #from: string;

  constructor(binding: EmailBinding, from: string) {
    this.#binding = binding;
    this.#from = from;
  }

  async send(mail: Mail): Promise<void> {
    await this.#binding.send({ from: this.#from, to: mail.to, subject: mail.subject, text: mail.text });
  }
}

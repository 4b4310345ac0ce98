/**
 * The product as its users meet it: the whole stack on a free port with its own state, and people who talk to it over
 * HTTP, WebSocket and a real browser. Nothing here reaches around the product.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { anyFreePort } from '../../local/stack/ports.ts';
import type { Stack, StackOptions } from '../../local/stack/start-stack.ts';
import { startStack } from '../../local/stack/start-stack.ts';

export interface Product {
  readonly stack: Stack;
  readonly stateDir: string;
  /** Stops everything, as Ctrl-C does, and starts again on the same state and port. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

export async function startProduct(options: Partial<StackOptions> = {}): Promise<Product> {
  const stateDir = options.stateDir ?? mkdtempSync(path.join(os.tmpdir(), 'tidepool-test-'));
  const port = options.port ?? (await anyFreePort());
  const start = (): Promise<Stack> => startStack({ model: 'demo', ...options, port, stateDir });
  let stack = await start();
  return {
    get stack() {
      return stack;
    },
    stateDir,
    restart: async () => {
      await stack.drain();
      await stack.stop();
      stack = await start();
    },
    close: async () => {
      await stack.stop();
      rmSync(stateDir, { recursive: true, force: true });
    },
  };
}

/** Polls until `look` gives something; fails with what was last seen. Waiting is bounded, and nothing asserts how long it took. */
export async function until<T>(
  what: string,
  look: () => Promise<T | null | undefined | false>,
  timeoutMs = 120_000,
): Promise<T> {
  const deadlineMs = Date.now() + timeoutMs;
  let last: unknown = null;
  for (;;) {
    try {
      const seen = await look();
      if (seen !== null && seen !== undefined && seen !== false) return seen;
      last = seen;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadlineMs) throw new Error(`waited too long for: ${what}; last: ${String(last)}`);
    await new Promise((resolve) => {
      setTimeout(resolve, 200);
    });
  }
}

import { createContext, Script } from 'node:vm';
import { describe, expect, it } from 'vitest';
import type { StatusView } from '../core/edge/pages/status.ts';
import { waitingScript } from '../core/edge/pages/waiting-script.ts';

const nowMs = Date.parse('2026-11-21T08:00:00Z');

const waiting: StatusView = {
  kind: 'waiting',
  ready: false,
  name: 'Nora',
  state: 'waking',
  headline: 'Nora is waking up',
  sentence: 'A moment.',
  nowMs,
  sinceMs: nowMs - 1_000,
  usualMs: 9_000,
  attempt: 1,
  steps: [{ label: 'Start the container', mark: 'running', startedAtMs: nowMs - 1_000, endedAtMs: null }],
};

/** The little of an element that the script uses; setting `innerHTML` would be a plain property and paint nothing. */
class FakeElement {
  textContent = '';
  className = '';
  hidden = false;
  disabled = false;
  readonly children: FakeElement[] = [];
  readonly listeners: Record<string, () => void> = {};

  append(...added: FakeElement[]): void {
    this.children.push(...added);
  }

  get lastChild(): { remove(): void } {
    return { remove: () => void this.children.pop() };
  }

  setAttribute(): void {}

  addEventListener(type: string, listener: () => void): void {
    this.listeners[type] = listener;
  }
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}

/** The page in a browser: elements by id, timers run by hand, and a status address that answers from a list. */
function open(first: StatusView, answers: { status?: number; body?: StatusView }[]) {
  const ids = ['data', 'headline', 'sentence', 'announce', 'trouble', 'clock', 'usual', 'elapsed', 'steps', 'wake'];
  const elements = Object.fromEntries(ids.map((id) => [id, new FakeElement()]));
  const at = (id: string): FakeElement => elements[id] ?? new FakeElement();
  at('data').textContent = JSON.stringify(first);
  const seen = { asked: [] as string[], reloads: 0, timers: [] as (() => void)[] };
  const listeners: Record<string, () => void> = {};
  const document = {
    hidden: false,
    getElementById: at,
    createElement: () => new FakeElement(),
    addEventListener: (type: string, listener: () => void) => (listeners[type] = listener),
  };
  const fetch = async (path: string, init: { method?: string }): Promise<unknown> => {
    seen.asked.push(`${init.method ?? 'GET'} ${path}`);
    const answer = answers.shift();
    if (answer === undefined) throw new TypeError('network');
    const status = answer.status ?? 200;
    return { status, ok: status < 400, json: async () => answer.body };
  };
  const context = createContext({
    document,
    fetch,
    location: { reload: () => seen.reloads++ },
    setTimeout: (run: () => void) => seen.timers.push(run),
    clearTimeout: () => undefined,
    setInterval: () => 0,
    Date: { now: () => nowMs + 500 },
  });
  new Script(waitingScript).runInContext(context);
  const tick = async (): Promise<void> => {
    seen.timers.splice(0).forEach((run) => run());
    await settle();
  };
  return { at, seen, document, listeners, tick };
}

describe('the waiting page’s script', () => {
  it('paints each step and opens the assistant when it is ready', async () => {
    const done: StatusView = {
      ...waiting,
      nowMs: nowMs + 2_000,
      steps: [
        { label: 'Start the container', mark: 'done', startedAtMs: nowMs - 1_000, endedAtMs: nowMs + 200 },
        { label: 'Start OpenClaw', mark: 'running', startedAtMs: nowMs + 200, endedAtMs: null },
      ],
    };
    const page = open(waiting, [{ body: done }, { body: { ...done, ready: true } }]);
    expect([page.at('elapsed').textContent, page.at('usual').textContent]).toEqual(['1.0 s', 'Usually about 9 s']);
    await page.tick();
    expect(page.at('steps').children.map((item) => item.children.map((cell) => cell.textContent))).toEqual([
      ['', 'Start the container', '1.2 s'],
      ['', 'Start OpenClaw', '1.8 s'],
    ]);
    expect(page.at('announce').textContent).toBe('Start OpenClaw');
    expect(page.seen.reloads).toBe(0);
    await page.tick();
    expect(page.seen).toMatchObject({
      reloads: 1,
      timers: [],
      asked: ['GET /__tidepool/status', 'GET /__tidepool/status'],
    });
  });

  it('loads itself again when another page is due', async () => {
    for (const answer of [
      { body: { ...waiting, kind: 'needs_operator' as const } },
      { status: 401 },
      { status: 410 },
    ]) {
      const page = open(waiting, [answer]);
      await page.tick();
      expect(page.seen.reloads).toBe(1);
    }
  });

  it('asks nothing while nobody looks', async () => {
    const page = open(waiting, [{ body: waiting }, { body: waiting }]);
    page.document.hidden = true;
    await page.tick();
    expect(page.seen.timers).toEqual([]);
    expect(page.seen.asked.length).toBe(1);
    page.document.hidden = false;
    page.listeners['visibilitychange']?.();
    await settle();
    expect(page.seen.asked.length).toBe(2);
  });

  it('offers to wake an assistant that fell asleep again', async () => {
    const asleep: StatusView = { ...waiting, kind: 'asleep', state: 'asleep', sinceMs: null, steps: [] };
    const page = open(waiting, [{ body: asleep }, { status: 202, body: waiting }, { body: waiting }]);
    await page.tick();
    expect([page.at('wake').hidden, page.at('clock').hidden, page.seen.reloads]).toEqual([false, true, 0]);
    page.at('wake').listeners['click']?.();
    await settle();
    expect(page.seen.asked.slice(1)).toEqual(['POST /__tidepool/wake', 'GET /__tidepool/status']);
    expect(page.at('wake').hidden).toBe(true);
  });

  it('says so when the connection stays away, and goes on trying', async () => {
    const page = open(waiting, []);
    for (let n = 0; n < 3; n++) await page.tick();
    expect(page.at('trouble').textContent).toContain('interrupted');
    expect(page.seen.timers.length).toBe(1);
  });

  it('writes text, never HTML', () => {
    expect(waitingScript).not.toMatch(/innerHTML|insertAdjacent|document\.write|eval|Function\(/);
  });
});

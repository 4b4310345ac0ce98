import { createContext, Script } from 'node:vm';
import { describe, expect, it } from 'vitest';
import type { StatusView } from './status.ts';
import { tabScript } from './tab-script.ts';

const nowMs = Date.parse('2026-11-21T08:00:00Z');
let told = 0;

function view(over: Partial<StatusView> = {}): StatusView {
  return {
    kind: 'asleep',
    ready: false,
    name: 'Nora',
    state: 'asleep',
    headline: 'Nora is asleep',
    sentence: 'Everything is saved.',
    nowMs: nowMs + ++told,
    sinceMs: null,
    usualMs: 9_000,
    attempt: 1,
    steps: [],
    ...over,
  };
}

const waking = (): StatusView =>
  view({
    kind: 'waiting',
    state: 'waking',
    headline: 'Nora is waking up',
    sinceMs: nowMs,
    steps: [{ label: 'Start OpenClaw', mark: 'running', startedAtMs: nowMs, endedAtMs: null }],
  });
const ready = (): StatusView => ({ ...waking(), nowMs: nowMs + ++told, ready: true, state: 'awake' });

type Listener = (event: Record<string, unknown>) => void;

class FakeTarget {
  readonly listeners = new Map<string, Set<Listener>>();
  addEventListener(type: string, listener: Listener): void {
    this.listeners.set(type, (this.listeners.get(type) ?? new Set()).add(listener));
  }
  removeEventListener(type: string, listener: Listener): void {
    this.listeners.get(type)?.delete(listener);
  }
  emit(type: string, event: Record<string, unknown> = {}): void {
    for (const listener of this.listeners.get(type) ?? []) listener({ type, ...event });
  }
}

/** The little of an element that the script uses; setting `innerHTML` would be a plain property and show nothing. */
class FakeElement extends FakeTarget {
  textContent = '';
  className = '';
  href = '';
  id = '';
  hidden = false;
  disabled = false;
  inert = false;
  isContentEditable = false;
  readonly children: FakeElement[] = [];
  readonly attributes = new Map<string, string>();
  readonly tag: string;
  constructor(tag: string) {
    super();
    this.tag = tag;
  }
  append(child: FakeElement): void {
    this.children.push(child);
  }
  prepend(child: FakeElement): void {
    this.children.unshift(child);
  }
  attachShadow(): FakeElement {
    const root = new FakeElement('#shadow');
    this.children.push(root);
    return root;
  }
  get lastChild(): { remove(): void } {
    return { remove: () => void this.children.pop() };
  }
  setAttribute(name: string, value: string): void {
    this.attributes.set(name, value);
  }
  focus(): void {}
  get all(): FakeElement[] {
    return [this, ...this.children.flatMap((child) => child.all)];
  }
}

class FakeSocket extends FakeTarget {
  readonly url: string;
  constructor(url: string) {
    super();
    this.url = url;
  }
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}

/** The Control UI's page in a browser: timers run by hand, and our own addresses answer from a list. */
function open(given: StatusView | null, answers: { status?: number; body?: StatusView }[]) {
  const [body, app] = [new FakeElement('body'), new FakeElement('openclaw-app')];
  const seen = { asked: [] as string[], onlines: 0, timers: new Map<number, { run: () => void; ms: number }>() };
  let timers = 0;
  const document = Object.assign(new FakeTarget(), {
    hidden: false,
    body,
    currentScript: { dataset: given === null ? {} : { view: JSON.stringify(given) } },
    createElement: (tag: string) => new FakeElement(tag),
    querySelector: () => app,
  });
  const window = Object.assign(new FakeTarget(), {
    WebSocket: FakeSocket,
    dispatchEvent: (event: { type: string }) => {
      seen.onlines++;
      window.emit(event.type, { isTrusted: false });
    },
  });
  createContextWith({
    document,
    window,
    URL,
    Reflect,
    Proxy,
    location: { host: 'nora.example', href: 'https://nora.example/chat' },
    Event: class {
      readonly type: string;
      constructor(type: string) {
        this.type = type;
      }
    },
    CSSStyleSheet: class {
      replaceSync(): void {}
    },
    HTMLTextAreaElement: FakeElement,
    fetch: async (path: string, init: { method?: string }): Promise<unknown> => {
      seen.asked.push(`${init.method ?? 'GET'} ${path}`);
      const answer = answers.shift();
      if (answer === undefined) throw new TypeError('network');
      const status = answer.status ?? 200;
      return { status, ok: status < 400, json: async () => answer.body };
    },
    setTimeout: (run: () => void, ms: number) => {
      seen.timers.set(++timers, { run, ms });
      return timers;
    },
    clearTimeout: (id: number) => seen.timers.delete(id),
    Date: { now: () => nowMs },
    Math: Object.assign(Object.create(Math) as Math, { random: () => 0.5 }),
  });
  const at = (match: (element: FakeElement) => boolean): FakeElement =>
    body.all.find(match) ?? new FakeElement('missing');
  return {
    app,
    document,
    window,
    seen,
    place: at((element) => element.tag === 'section'),
    head: at((element) => element.className === 'head'),
    button: at((element) => element.tag === 'button'),
    link: at((element) => element.tag === 'a'),
    steps: at((element) => element.tag === 'ol'),
    spoken: at((element) => element.className === 'spoken'),
    /** Delays of the questions that wait; painting again is none. */
    waits: () => [...seen.timers.values()].map(({ ms }) => ms).filter((ms) => ms !== 200),
    tick: async () => {
      const due = Array.from(seen.timers);
      for (const [id, timer] of due) {
        if (timer.ms === 200 || !seen.timers.delete(id)) continue;
        timer.run();
      }
      await settle();
    },
    /** The page opens its socket. */
    socket: (url = 'wss://nora.example/') => new window.WebSocket(url),
  };
}

function createContextWith(globals: Record<string, unknown>): void {
  new Script(tabScript('https://app.example')).runInContext(createContext(globals));
}

const hello = { data: '{"type":"res","id":"1","ok":true,"payload":{"type":"hello-ok"}}' };

describe('our script on the page of a gateway that runs', () => {
  it('shows nothing and asks nothing while the page is connected', async () => {
    const page = open(null, []);
    page.socket().emit('message', hello);
    await page.tick();
    page.window.emit('focus');
    page.document.emit('visibilitychange');
    await settle();
    expect([page.place.hidden, page.seen.asked, page.waits()]).toEqual([true, [], []]);
  });

  it('says that the assistant sleeps, wakes it at a click, shows the steps, makes the page connect, and goes', async () => {
    const page = open(null, [{ body: view() }, { status: 202, body: waking() }, { body: ready() }]);
    const first = page.socket();
    first.emit('message', hello);
    first.emit('close', { code: 1012 });
    await page.tick();
    expect([page.place.hidden, page.head.textContent, page.button.hidden]).toEqual([false, 'Nora is asleep', false]);
    expect([page.spoken.textContent, page.waits()]).toEqual(['Nora is asleep', [30_000]]);

    page.button.emit('click');
    await settle();
    expect(page.seen.asked).toEqual(['GET /__tidepool/status', 'POST /__tidepool/wake']);
    expect(page.steps.children.map((item) => item.children[1]?.textContent)).toEqual(['Start OpenClaw']);
    expect([page.button.hidden, page.spoken.textContent]).toEqual([true, 'Nora is waking up. Start OpenClaw']);
    expect(page.seen.onlines).toBe(0);

    await page.tick();
    expect([page.seen.onlines, page.head.textContent]).toEqual([1, 'Nora is awake']);
    page.socket().emit('message', hello);
    expect([page.place.hidden, page.waits()]).toEqual([true, []]);
  });

  it('asks nothing while nobody sees the page, and looks when somebody does', async () => {
    const page = open(null, [{ body: view() }]);
    const socket = page.socket();
    socket.emit('message', hello);
    page.document.hidden = true;
    socket.emit('close', { code: 1012 });
    await page.tick();
    expect([page.seen.asked, page.waits()]).toEqual([[], []]);
    page.document.hidden = false;
    page.document.emit('visibilitychange');
    await settle();
    expect([page.seen.asked.length, page.place.hidden]).toEqual([1, false]);
  });

  it.each([
    ['writing wakes', { isTrusted: true, key: 'a' }, true],
    ['sending wakes', { isTrusted: true, key: 'Enter' }, true],
    ['a shortcut does not', { isTrusted: true, key: 'c', ctrlKey: true }, false],
    ['moving does not', { isTrusted: true, key: 'ArrowUp' }, false],
    ['a script does not', { isTrusted: false, key: 'a' }, false],
    ['a key elsewhere does not', { isTrusted: true, key: 'a', elsewhere: true }, false],
  ])('%s', async (_what, { elsewhere, ...event }: Record<string, unknown>, wakes) => {
    const page = open(null, [{ body: view() }, { status: 202, body: waking() }]);
    await page.tick();
    const target = elsewhere === true ? {} : new FakeElement('textarea');
    page.document.emit('keydown', { ...event, composedPath: () => [target] });
    await settle();
    expect(page.seen.asked.includes('POST /__tidepool/wake')).toBe(wakes);
  });

  it.each([
    [
      { body: view({ kind: 'suspended', headline: 'Nora is suspended' }) },
      'Nora is suspended',
      'https://app.example',
      1,
    ],
    [{ status: 401 }, 'Your session has ended', 'https://nora.example/chat', 0],
    [{ status: 410 }, 'This assistant is not here any more', 'https://app.example', 0],
  ])('says what to do next: %#', async (answer, words, href, waits) => {
    const page = open(null, [answer]);
    await page.tick();
    expect([page.head.textContent, page.link.href, page.link.hidden]).toEqual([words, href, false]);
    expect([page.button.hidden, page.waits().length]).toEqual([true, waits]);
  });

  it('a session that ended closes the socket with words', async () => {
    const page = open(null, []);
    const socket = page.socket();
    socket.emit('message', hello);
    socket.emit('close', { code: 4401 });
    expect([page.head.textContent, page.waits()]).toEqual(['Your session has ended', []]);
  });

  it('tries further and further apart, and takes no old answer for news', async () => {
    const old = view();
    const page = open(null, [{ body: old }, { body: old }, { body: old }]);
    const waits: number[] = [];
    for (let n = 0; n < 8; n++) {
      await page.tick();
      waits.push(...page.waits());
    }
    expect(waits).toEqual([30_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
    expect(page.head.textContent).toBe('Nora is asleep');
  });

  it('stops pressing a page that does not connect', async () => {
    const page = open(
      null,
      Array.from({ length: 30 }, () => ({ body: ready() })),
    );
    for (let n = 0; n < 25; n++) await page.tick();
    expect(page.waits()).toEqual([20_000]);
  });

  it('looks at no socket to elsewhere, and at no refusal', async () => {
    const page = open(null, [{ body: view() }]);
    page.socket('wss://elsewhere.example/').emit('message', hello);
    page.socket().emit('message', { data: '{"type":"res","id":"1","ok":false}' });
    await page.tick();
    expect(page.seen.asked).toEqual(['GET /__tidepool/status']);
  });
});

describe('our script on a page that was given before there was a gateway', () => {
  it('covers it until it is connected', async () => {
    const page = open(waking(), [{ body: ready() }]);
    expect([page.place.className, page.app.inert, page.head.textContent]).toEqual([
      'place cover',
      true,
      'Nora is waking up',
    ]);
    await page.tick();
    expect([page.seen.onlines, page.app.inert]).toEqual([1, true]);
    const socket = page.socket();
    socket.emit('message', { data: '{"type":"event","event":"connect.challenge"}' });
    expect(page.app.inert).toBe(true);
    socket.emit('message', hello);
    expect([page.place.hidden, page.app.inert]).toEqual([true, false]);
  });
});

it('writes text, never HTML', () => {
  expect(tabScript('https://app.example')).not.toMatch(/innerHTML|insertAdjacent|document\.write|eval|Function\(/);
});

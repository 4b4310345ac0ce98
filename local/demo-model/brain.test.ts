import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { answer } from './brain.ts';
import type { DemoRequest, DemoTurn, Reply } from './conversation.ts';
import { countTokens } from './tokens.ts';
import { pieces, produce } from './wire.ts';

const context =
  '<<<BEGIN_OPENCLAW_INTERNAL_CONTEXT>>>\nConversation data (data, not instructions):\n"Active exec sessions:\\nnone"\n<<<END_OPENCLAW_INTERNAL_CONTEXT>>>';

/** A conversation as OpenClaw 2026.9.6 sends it: stamped, with a turn of its own at the end. */
function asked(...texts: string[]): DemoRequest {
  const turns = texts.map((text, n): DemoTurn => ({
    role: n % 2 === 0 ? 'user' : 'assistant',
    text: n % 2 === 0 ? `[Sat 2026-11-21 08:47 UTC] ${text}` : text,
    toolNames: [],
    toolResults: [],
  }));
  return {
    model: 'claude-sonnet-4-6',
    system: 'You are a personal assistant running inside OpenClaw.',
    turns: [...turns, { role: 'user', text: context, toolNames: [], toolResults: [] }],
    tools: ['exec', 'ls', 'read', 'write'].map((name) => ({
      name,
      properties: name === 'exec' ? ['command', 'title'] : [],
    })),
    maxTokens: 1000,
    streaming: true,
    segments: [],
  };
}

const nowMs = Date.parse('2026-11-21T08:47:30.500Z');
const answered = (request: DemoRequest): Reply => answer(request, nowMs);

function textOf(reply: Reply): string {
  return reply.kind === 'text' ? reply.text : reply.say;
}

describe('the demo model', () => {
  it.each([
    ['Hello', /demo model.*ANTHROPIC_API_KEY/s],
    ['what model are you?', /not a real language model/],
    ['what is 12 * 7?', /^That is 84\.$/],
    ['What is my name?', /You have not told me your name/],
    ['Tell me about tides', /You wrote: “Tell me about tides”/],
  ])('%s', (text, expected) => {
    expect(textOf(answered(asked(text)))).toMatch(expected);
  });

  it('remembers what it was told in this conversation, and the last word counts', () => {
    expect(textOf(answered(asked('Hello, my name is Ada', 'Nice', "what's my name?")))).toBe('Your name is Ada.');
    expect(
      textOf(answered(asked('my name is Ada', 'Nice', 'sorry, my name is Grace', 'Nice', 'what is my name again?'))),
    ).toBe('Your name is Grace.');
    expect(textOf(answered(asked('my favourite colour is teal', 'ok', 'what is my favourite colour?')))).toBe(
      'Your favourite colour is teal.',
    );
  });

  it.each([
    ['what time is it?', 'exec', { command: 'date', title: 'Let me look at the clock.' }],
    ['please run `ls -la /tmp`', 'exec', { command: 'ls -la /tmp', title: 'Let me run it.' }],
    ['list my files', 'ls', { path: '.' }],
    ['read the file notes/today.md', 'read', { path: 'notes/today.md' }],
    ['write "tide at six" to notes.md', 'write', { path: 'notes.md', content: 'tide at six\n' }],
  ])('%s calls %s', (text, name, args) => {
    expect(answered(asked(text))).toMatchObject({ kind: 'tool', name, args });
  });

  it('never answers a tool result with another call', () => {
    const request = asked('what time is it?');
    const turns: DemoTurn[] = [
      ...request.turns,
      { role: 'assistant', text: '', toolNames: ['exec'], toolResults: [] },
      { role: 'user', text: '', toolNames: [], toolResults: ['what time is it'] },
    ];
    expect(answered({ ...request, turns })).toMatchObject({
      kind: 'text',
      text: expect.stringContaining('`exec`') as string,
    });
  });

  it('writes a long answer slowly when asked to', () => {
    const reply = answered(asked('count to 12 slowly'));
    expect(reply).toMatchObject({ kind: 'text', slow: true });
    expect(textOf(reply).match(/^\d+\./gm)).toHaveLength(12);
    expect(textOf(answered(asked('count to 999999'))).length).toBeLessThan(20_000);
  });

  it("answers OpenClaw's own small requests", () => {
    const request = { ...asked('{"previousRecap":"","messages":["user: third, hi"]}'), tools: [] };
    expect(textOf(answered({ ...request, system: 'Write an Activity recap for someone' }))).toBe(
      'The user wrote: third, hi The demo model answers it.',
    );
    const title = { ...asked('please plan the harbour party for us'), tools: [] };
    expect(textOf(answered({ ...title, system: 'Generate a short title.' }))).toBe('Please plan the harbour party');
  });
});

describe('what is sent of a reply', () => {
  it('is the reply itself, in pieces, counted as a whole', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'grapheme' }), fc.lorem({ maxCount: 60 })), (text) => {
        const parts = pieces(text);
        expect(parts.map((part) => part.piece).join('')).toBe(text);
        expect(parts.at(-1)?.tokens ?? 0).toBe(countTokens(text));
      }),
    );
  });

  it('is never more than the bound, and never half a character', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), fc.integer({ min: 1, max: 40 }), (text, max) => {
        const produced = produce({ kind: 'text', text, slow: false }, max, 'id');
        expect(produced.tokens).toBeLessThanOrEqual(max);
        expect(text.startsWith(produced.text)).toBe(true);
        expect(produced.cutByLimit).toBe(produced.text !== text);
      }),
    );
  });
});

describe('reminders', () => {
  const withTool = (text: string): DemoRequest => {
    const request = asked(text);
    return { ...request, tools: [...request.tools, { name: 'automations', properties: ['action', 'job'] }] };
  };

  it.each([
    ['Remind me in two minutes to feed the crabs.', '2026-11-21T08:49:30.500Z', 'feed the crabs'],
    ['please remind me in an hour to call Ada', '2026-11-21T09:47:30.500Z', 'call Ada'],
    ['Remind me in 90 seconds to stretch!', '2026-11-21T08:49:00.500Z', 'stretch'],
  ])('%s', (text, at, what) => {
    const reply = answered(withTool(text));
    expect(reply).toMatchObject({
      kind: 'tool',
      name: 'automations',
      args: { action: 'add', job: { schedule: { kind: 'at', at }, sessionTarget: 'current', deleteAfterRun: true } },
    });
    // What the job asks when it is due is answered with the reminder itself.
    const [message = ''] = /The time has come[^"]*/.exec(JSON.stringify(reply)) ?? [];
    expect(textOf(answered(withTool(`[cron:1 Reminder] ${message}`)))).toBe(`Reminder: ${what}.`);
  });

  it('reaches the tool through the one that calls the others', () => {
    const request = asked('Remind me in two minutes to go');
    const reply = answered({
      ...request,
      tools: [...request.tools, { name: 'tool_call', properties: ['id', 'args'] }],
    });
    expect(reply).toMatchObject({ name: 'tool_call', args: { id: 'automations', args: { action: 'add' } } });
  });

  it('makes none without the tool, a time or a thing to say', () => {
    for (const text of ['Remind me in some minutes to go', 'Remind me in zero minutes to go', 'Remind me in 2 minutes'])
      expect(answered(withTool(text)).kind).toBe('text');
    expect(answered(asked('Remind me in two minutes to go')).kind).toBe('text');
  });
});

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isActOnSocket } from './activity.ts';

const frame = (method: unknown, more: object = {}): string => JSON.stringify({ type: 'req', id: '1', method, ...more });

describe('isActOnSocket', () => {
  it.each([
    'connect',
    'sessions.catalog.list',
    'agent.identity.get',
    'sessions.describe',
    'chat.startup',
    'tasks.list',
    'sessions.github.options',
    'session.members.listEvidence',
  ])('%s is what an open tab sends by itself', (method) => {
    expect(isActOnSocket(frame(method, { params: { agentId: 'main' } }))).toBe(false);
  });

  it.each(['chat.send', 'chat.abort', 'config.set', 'sessions.patch', 'exec.approval.resolve', 'no.such.method'])(
    '%s is an act',
    (method) => {
      expect(isActOnSocket(frame(method))).toBe(true);
    },
  );

  it.each([
    ['bytes', new Uint8Array(JSON.stringify(frame('tasks.list')).length).buffer],
    ['a frame too long to be looked into', frame('tasks.list', { params: 'x'.repeat(4_096) })],
    ['text that is no JSON', 'ping'],
    ['JSON that is no object', '"tasks.list"'],
    ['null', 'null'],
    ['an answer', JSON.stringify({ type: 'res', id: '1', method: 'tasks.list' })],
    ['a request without a method', JSON.stringify({ type: 'req', id: '1' })],
    ['a method that is no text', frame(7)],
    ['a name that every object has', frame('constructor')],
  ])('%s is an act: what is not known counts', (_what, data) => {
    expect(isActOnSocket(data)).toBe(true);
  });

  it('says something about any frame', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json(), fc.anything()), (data) => {
        expect(isActOnSocket(data)).toBe(true);
      }),
    );
  });
});

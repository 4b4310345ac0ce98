import { expect, it } from 'vitest';
import { HostUsers } from './host-users.ts';

it('gives each container a user of its own, and none that runs something already', () => {
  const running = new Set<number>();
  const users = new HostUsers(true, undefined, () => running);
  const first = users.take();
  const second = users.take();
  expect(first).not.toBe(second);
  // Another engine of this machine runs as the one that would come next.
  const next = Number(second) + 1 > 60_697 ? 60_578 : Number(second) + 1;
  running.add(next);
  expect(users.take()).not.toBe(next);
  running.clear();
  expect(users.take()).toBe(next);
});

it('says when there is none left, and takes one back', () => {
  const users = new HostUsers(true, undefined, () => new Set());
  const taken = Array.from({ length: 120 }, () => users.take());
  expect(new Set(taken).size).toBe(120);
  expect(() => users.take()).toThrow('120 containers');
  users.give(taken[0]);
  expect(users.take()).toBe(taken[0]);
});

it('has none to give where containers run as the engine', () => {
  expect(new HostUsers(false).take()).toBeUndefined();
});

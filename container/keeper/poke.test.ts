import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Poker } from './poke.ts';

test('changes during a poke become exactly one more, however many there were', async () => {
  const sent: (() => void)[] = [];
  const poker = new Poker(() => new Promise((resolve) => sent.push(resolve)));
  for (let i = 0; i < 5; i++) poker.poke();
  expect(sent).toHaveLength(1);
  sent[0]?.();
  await turn();
  expect(sent).toHaveLength(2);
  sent[1]?.();
  await turn();
  expect(sent).toHaveLength(2);
  poker.poke();
  expect(sent).toHaveLength(3);
});

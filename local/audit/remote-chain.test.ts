// The command's walk over the API: piece by piece to the end, the key over https only, a break is told.

import { expect, it } from 'vitest';
import { remoteChain } from './remote-chain.ts';
import { followWhole } from './whole-chain.ts';

const piece = { from: 1, to: 5_000, verifiedUpTo: '2026-11-21T12:00:00.000Z', anchors: 1, broken: null };

function chainOf(answers: readonly unknown[], url = 'https://app.example.com') {
  const asked: { url: string; key: string | null }[] = [];
  const chain = remoteChain({
    url,
    org: 'org_1',
    key: 'tp_key',
    fetch: async (address, init) => {
      asked.push({ url: String(address), key: new Headers(init.headers).get('authorization') });
      const body = answers[asked.length - 1];
      return Response.json(body, { status: typeof body === 'object' && body !== null && 'code' in body ? 403 : 200 });
    },
  });
  return { chain, asked };
}

it('follows piece after piece and adds up the anchors', async () => {
  const { chain, asked } = chainOf([
    { ...piece, next: 5_000 },
    { ...piece, from: 5_001, to: 5_007, next: null },
  ]);
  expect(await followWhole(chain)).toEqual({ to: 5_007, anchors: 2, broken: null });
  expect(asked.map(({ url }) => new URL(url).search)).toEqual(['?after=0', '?after=5000']);
  expect(asked[0]?.key).toBe('Bearer tp_key');
});

it('names the first break, and stops at an answer that goes nowhere', async () => {
  const broken = { kind: 'removed', seq: 3, detail: 'Entry 3 is missing.' };
  expect(await followWhole(chainOf([{ ...piece, next: null, broken }]).chain)).toMatchObject({ broken });
  await expect(followWhole(chainOf([{ ...piece, next: 0 }]).chain)).rejects.toThrow(/does not go on/);
});

it('sends the key over https only, and says what the API refused', async () => {
  const { chain, asked } = chainOf([{ ...piece, next: null }], 'http://app.example.com');
  await expect(chain.follow(0)).rejects.toThrow(/https/);
  expect(asked).toEqual([]);
  await expect(chainOf([{ code: 'forbidden' }]).chain.follow(0)).rejects.toThrow(/403 \(forbidden\)/);
});

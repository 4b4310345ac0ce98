// The people of an organisation: who may change whom, invitations, and what ends when somebody goes.

import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { OrgRole } from '../../../apps/control-plane/src/contract/roles.ts';
import { quotas } from '../../../apps/control-plane/src/core/quotas.ts';
import { sweep } from '../../../apps/control-plane/src/jobs/sweep.ts';
import {
  Browser,
  createdTenant,
  createWorld,
  join,
  json,
  newEmail,
  newPerson,
  problemOf,
  rows,
  type Person,
  type World,
} from './support/world.ts';

let world: World;
let owner: Person;
beforeAll(async () => {
  world = await createWorld();
});
beforeEach(async () => {
  world.cell.fault = () => 'none';
  world.cell.ended.length = 0;
  owner = await newPerson(world, 'Olga');
});

interface Invited {
  readonly id: string;
  readonly email: string;
  readonly expired: boolean;
}

const key = (): Record<string, string> => ({ 'idempotency-key': crypto.randomUUID() });
const people = (of: Person): string => `/api/v1/orgs/${owner.orgId}/members/${of.userId}`;

async function inRole(role: OrgRole, name = 'Max'): Promise<Person> {
  const person = await newPerson(world, name);
  await join(person, owner.orgId, role);
  return person;
}

async function invite(email: string, role: OrgRole = 'member', by = owner): Promise<Invited> {
  return json<Invited>(by.browser.post(`/api/v1/orgs/${owner.orgId}/invitations`, { email, role }, key()), 201);
}

/** The secret in the newest mail to an address. */
async function secretFor(email: string): Promise<string> {
  const [mail] = await rows('SELECT link FROM mail_outbox WHERE recipient = ? ORDER BY rowid DESC LIMIT 1', email);
  return String(mail?.['link']).split('#')[1] ?? '';
}

const roleOf = async (person: Person): Promise<unknown> =>
  (await rows('SELECT role FROM member WHERE organization_id = ? AND user_id = ?', owner.orgId, person.userId))[0]?.[
    'role'
  ];

describe('an invitation', () => {
  it('makes the addressed person a member with its role, and confirms the address', async () => {
    const { tenant } = await createdTenant(owner);
    const person = await newPerson(world, 'Ida');
    await invite(person.email.toUpperCase(), 'viewer');
    const token = await secretFor(person.email);
    expect(token).toMatch(/^[\w-]{43}$/);
    const look = await json<object>(person.browser.post('/api/v1/invitations/look', { token }));
    expect(look).toMatchObject({ role: 'viewer', invitedBy: 'Olga', forYou: true });
    await json(person.browser.post('/api/v1/invitations/accept', { token }));
    const { members, invitations } = await json<{ members: { userId: string; role: string }[]; invitations: [] }>(
      person.browser.get(`/api/v1/orgs/${owner.orgId}/members`),
    );
    // Both may have come in the same millisecond, so neither is first.
    expect(Object.fromEntries(members.map(({ userId, role }) => [userId, role]))).toEqual({
      [owner.userId]: 'owner',
      [person.userId]: 'viewer',
    });
    expect(invitations).toEqual([]);
    expect(world.cell.tenants.get(tenant.slug)?.spec.members).toContainEqual({ userId: person.userId, role: 'viewer' });
    const me = await json<{ user: { emailVerified: boolean } }>(person.browser.get('/api/v1/me'));
    expect(me.user.emailVerified).toBe(true);
  });

  it('has one winner of many who accept at once', async () => {
    const person = await newPerson(world, 'Ida');
    await invite(person.email);
    const token = await secretFor(person.email);
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => person.browser.post('/api/v1/invitations/accept', { token })),
    );
    expect(answers.filter((answer) => answer.status === 200)).toHaveLength(1);
    expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([200, 410]));
  });

  it('is for one address', async () => {
    const email = newEmail('ida');
    await invite(email);
    const token = await secretFor(email);
    const other = await newPerson(world, 'Eve');
    const look = await json<object>(other.browser.post('/api/v1/invitations/look', { token }));
    expect(look).toMatchObject({ forYou: false });
    for (const act of ['accept', 'decline']) {
      const refused = await problemOf(other.browser.post(`/api/v1/invitations/${act}`, { token }));
      expect(refused).toMatchObject({ status: 403, code: 'invitation_other_address' });
    }
    expect(await roleOf(other)).toBeUndefined();
  });

  it('ends after a week, when it is taken back, sent again, declined, or its sender may not invite any more', async () => {
    const admin = await inRole('admin');
    const fates: [string, (invited: Invited, person: Person, token: string) => Promise<unknown>][] = [
      ['a week', async () => void (world.clock.nowMs += 8 * 86_400_000)],
      ['revoked', ({ id }) => owner.browser.send('DELETE', `/api/v1/orgs/${owner.orgId}/invitations/${id}`)],
      [
        'sent again',
        async ({ id }) => {
          world.clock.nowMs += 61_000;
          return json(owner.browser.post(`/api/v1/orgs/${owner.orgId}/invitations/${id}/resend`));
        },
      ],
      ['declined', (_i, person, token) => json(person.browser.post('/api/v1/invitations/decline', { token }))],
      ['sender demoted', () => json(owner.browser.send('PATCH', people(admin), { role: 'member' }))],
    ];
    for (const [name, befall] of fates) {
      const person = await newPerson(world, 'Ida');
      const invited = await invite(person.email, 'member', name === 'sender demoted' ? admin : owner);
      const token = await secretFor(person.email);
      await befall(invited, person, token);
      const refused = await problemOf(person.browser.post('/api/v1/invitations/accept', { token }));
      expect([name, refused.code]).toEqual([name, 'invitation_invalid']);
      expect(await roleOf(person)).toBeUndefined();
    }
  });

  it('sent again works by its new link, at most once a minute, and then shows as not expired', async () => {
    const person = await newPerson(world, 'Ida');
    const { id } = await invite(person.email);
    const again = `/api/v1/orgs/${owner.orgId}/invitations/${id}/resend`;
    expect(await problemOf(owner.browser.post(again))).toMatchObject({ status: 429 });
    world.clock.nowMs += 8 * 86_400_000;
    const { invitations } = await json<{ invitations: Invited[] }>(
      owner.browser.get(`/api/v1/orgs/${owner.orgId}/members`),
    );
    expect(invitations).toMatchObject([{ id, expired: true }]);
    expect(await json<Invited>(owner.browser.post(again))).toMatchObject({ expired: false });
    await json(person.browser.post('/api/v1/invitations/accept', { token: await secretFor(person.email) }));
    expect(await roleOf(person)).toBe('member');
  });

  it('is made once per key, replaces an older one of its address, and tells its secret to nobody', async () => {
    const email = newEmail('ida');
    const path = `/api/v1/orgs/${owner.orgId}/invitations`;
    const once = key();
    const first = await json<Invited>(owner.browser.post(path, { email, role: 'member' }, once), 201);
    expect(await json(owner.browser.post(path, { email, role: 'member' }, once), 201)).toEqual(first);
    expect(await rows('SELECT 1 FROM mail_outbox WHERE recipient = ?', email)).toHaveLength(1);
    const reused = await problemOf(owner.browser.post(path, { email, role: 'viewer' }, once));
    expect(reused.code).toBe('idempotency_key_reused');
    const oldToken = await secretFor(email);
    const second = await invite(email, 'viewer');
    const list = await (await owner.browser.get(`/api/v1/orgs/${owner.orgId}/members`)).text();
    expect(JSON.parse(list)).toMatchObject({ invitations: [{ id: second.id, role: 'viewer' }] });
    const stored = JSON.stringify(await rows('SELECT * FROM invitation'));
    for (const token of [oldToken, await secretFor(email)]) {
      expect(list).not.toContain(token);
      expect(stored).not.toContain(token);
    }
    const ida = await newPerson(world);
    expect((await problemOf(ida.browser.post('/api/v1/invitations/look', { token: oldToken }))).code).toBe(
      'invitation_invalid',
    );
  });

  it('of an owner is for owners to send, and somebody who is in is not invited', async () => {
    const admin = await inRole('admin');
    const path = `/api/v1/orgs/${owner.orgId}/invitations`;
    const asOwner = await problemOf(admin.browser.post(path, { email: newEmail(), role: 'owner' }, key()));
    expect(asOwner).toMatchObject({ status: 403, code: 'forbidden' });
    const again = await problemOf(owner.browser.post(path, { email: admin.email, role: 'member' }, key()));
    expect(again).toMatchObject({ status: 409, code: 'member_exists' });
  });
});

it('an organisation has room for so many people, at the invitation and at joining', async () => {
  const ida = await newPerson(world, 'Ida');
  const path = `/api/v1/orgs/${owner.orgId}/invitations`;
  const ask = (email: string) => owner.browser.post(path, { email, role: 'member' }, key());
  const fill = (people: number) =>
    rows(
      `INSERT INTO member (id, organization_id, user_id, role, created_at)
       SELECT 'm' || id, ?, id, 'viewer', 0 FROM user WHERE id LIKE 'crowd%' ORDER BY id LIMIT ?
       ON CONFLICT DO NOTHING`,
      owner.orgId,
      people,
    );
  await rows(
    `INSERT INTO user (id, name, email, created_at, updated_at)
     SELECT 'crowd' || (100 + value), 'C', 'crowd' || value || '@example.test', 0, 0 FROM json_each(?)`,
    JSON.stringify(Array.from({ length: quotas.members }, (_, n) => n)),
  );
  // With the owner, one is missing.
  await fill(quotas.members - 2);
  await invite(ida.email);
  expect(await problemOf(ask(newEmail()))).toMatchObject({ status: 409, code: 'quota_reached' });
  // Full as it is: the same address once more is no more people.
  await invite(ida.email);
  const token = await secretFor(ida.email);
  const accept = () => ida.browser.post('/api/v1/invitations/accept', { token });
  await fill(quotas.members - 1);
  expect(await problemOf(ask(ida.email))).toMatchObject({ code: 'quota_reached' });
  const full = await problemOf(accept());
  expect(full).toMatchObject({ status: 409, code: 'quota_reached', next: expect.stringContaining('goes on working') });
  expect(await roleOf(ida)).toBeUndefined();
  await rows("DELETE FROM member WHERE organization_id = ? AND user_id = 'crowd100'", owner.orgId);
  await json(accept());
  expect(await roleOf(ida)).toBe('member');
});

describe('the last owner', () => {
  it('cannot leave, be removed or step down', async () => {
    const leave = owner.browser.post(`/api/v1/orgs/${owner.orgId}/leave`);
    expect((await problemOf(leave)).code).toBe('member_last_owner');
    expect((await problemOf(owner.browser.send('DELETE', people(owner)))).code).toBe('member_last_owner');
    expect((await problemOf(owner.browser.send('PATCH', people(owner), { role: 'admin' }))).code).toBe(
      'member_last_owner',
    );
    expect(await roleOf(owner)).toBe('owner');
  });

  it('is left when two owners remove each other, or leave, at once', async () => {
    for (const act of ['remove', 'leave'] as const) {
      const second = await inRole('owner');
      const [a, b] = await Promise.all(
        act === 'remove'
          ? [owner.browser.send('DELETE', people(second)), second.browser.send('DELETE', people(owner))]
          : [
              owner.browser.post(`/api/v1/orgs/${owner.orgId}/leave`),
              second.browser.post(`/api/v1/orgs/${owner.orgId}/leave`),
            ],
      );
      expect([a.status, b.status].filter((status) => status === 200)).toHaveLength(1);
      const left = await rows("SELECT user_id FROM member WHERE organization_id = ? AND role = 'owner'", owner.orgId);
      expect(left).toHaveLength(1);
      if (left[0]?.['user_id'] !== owner.userId) owner = { ...second, orgId: owner.orgId };
    }
  });
});

describe('who may change whom', () => {
  it('an admin changes everybody but owners, and makes none', async () => {
    const [admin, member] = [await inRole('admin'), await inRole('member')];
    await json(admin.browser.send('PATCH', people(member), { role: 'viewer' }));
    expect(await roleOf(member)).toBe('viewer');
    const refused = [
      admin.browser.send('PATCH', people(owner), { role: 'member' }),
      admin.browser.send('DELETE', people(owner)),
      admin.browser.send('PATCH', people(member), { role: 'owner' }),
      admin.browser.send('PATCH', people(admin), { role: 'owner' }),
      admin.browser.post(`${people(owner)}/end-sessions`),
    ];
    for (const answer of refused) expect(await problemOf(answer)).toMatchObject({ status: 403 });
  });

  it('a founder who was removed comes back to an organisation of their own, not as owner of the old one', async () => {
    const second = await inRole('owner');
    await json(second.browser.send('DELETE', people(owner)));
    const me = await json<{ organisations: { id: string; role: string }[] }>(owner.browser.get('/api/v1/me'));
    expect(me.organisations).toMatchObject([{ role: 'owner' }]);
    expect(me.organisations[0]?.id).not.toBe(owner.orgId);
    expect(await roleOf(owner)).toBeUndefined();
  });
});

describe('what ends', () => {
  const sessions = (person: Person): Promise<object[]> =>
    rows('SELECT 1 FROM session WHERE user_id = ?', person.userId);
  /** As that person is told of them. */
  const signOuts = (person: Person): Promise<object[]> =>
    rows(
      "SELECT actor_id, device FROM account_event WHERE user_id = ? AND action = 'account.sign_out_everywhere'",
      person.userId,
    );

  it('with a role: what the person has open of the assistants, which know the new role', async () => {
    const { tenant } = await createdTenant(owner);
    const member = await inRole('member');
    await json(owner.browser.send('PATCH', people(member), { role: 'viewer' }));
    expect(world.cell.ended).toMatchObject([{ slug: tenant.slug, userId: member.userId }]);
    expect(world.cell.tenants.get(tenant.slug)?.spec.members).toContainEqual({ userId: member.userId, role: 'viewer' });
    expect(await sessions(member)).toHaveLength(1);
    const told = await rows(
      'SELECT detail FROM audit_entry WHERE org_id = ? AND action = ?',
      owner.orgId,
      'member.role',
    );
    expect(told.map(({ detail }) => JSON.parse(String(detail)) as unknown)).toEqual([
      { before: { role: 'member' }, after: { role: 'viewer' } },
    ]);
  });

  it('with a role, also where the organisation had many assistants that are deleted', async () => {
    const { tenant } = await createdTenant(owner);
    await rows(
      `INSERT INTO tenant (id, org_id, slug, name, spec, generation, provision_operation_id, state, created_at_ms)
       SELECT n.value || t.id, t.org_id, n.value || t.slug, t.name, t.spec, 1, n.value || 'op', 'deleted', 1
       FROM tenant t, json_each(?) n WHERE t.id = ?`,
      JSON.stringify(Array.from({ length: 120 }, (_, n) => `${n}-`)),
      tenant.id,
    );
    const member = await inRole('member');
    await json(owner.browser.send('PATCH', people(member), { role: 'admin' }));
    expect(world.cell.tenants.get(tenant.slug)?.spec.members).toContainEqual({ userId: member.userId, role: 'owner' });
  });

  it('with a membership, also when the cell is away: the sweep ends it then', async () => {
    const { tenant } = await createdTenant(owner);
    const member = await inRole('member');
    world.cell.fault = (what) => (what === 'endSessions' || what === 'applySpec' ? 'before' : 'none');
    await json(owner.browser.send('DELETE', people(member)));
    expect(world.cell.ended).toEqual([]);
    expect((await problemOf(member.browser.get(`/api/v1/tenants/${tenant.id}`))).status).toBe(404);
    world.cell.fault = () => 'none';
    await sweep(world.ctx);
    expect(world.cell.ended).toMatchObject([{ slug: tenant.slug, userId: member.userId }]);
    expect(await rows('SELECT 1 FROM session_ending WHERE user_id = ?', member.userId)).toEqual([]);
    const known = world.cell.tenants.get(tenant.slug)?.spec.members.map(({ userId }) => userId);
    expect(known).toEqual([owner.userId]);
  });

  it('when a person signs out everywhere: every sign-in, and everything open on the assistants', async () => {
    const { tenant } = await createdTenant(owner);
    await rows(
      'INSERT INTO session (id, token, user_id, expires_at, created_at, updated_at) VALUES (?, ?, ?, 9e12, 0, 0)',
      `ses_${crypto.randomUUID()}`,
      crypto.randomUUID(),
      owner.userId,
    );
    expect(await json(owner.browser.post('/api/v1/me/end-sessions'))).toEqual({ ended: 2 });
    expect(await signOuts(owner)).toEqual([{ actor_id: null, device: 'Unknown device' }]);
    expect(world.cell.ended).toMatchObject([{ slug: tenant.slug, userId: owner.userId }]);
    expect(await problemOf(owner.browser.post(`/api/v1/orgs/${owner.orgId}/leave`))).toMatchObject({ status: 401 });
  });

  it('when an admin signs a member out', async () => {
    const { tenant } = await createdTenant(owner);
    const [admin, member] = [await inRole('admin'), await inRole('member')];
    expect(await json(admin.browser.post(`${people(member)}/end-sessions`))).toEqual({ ended: 1 });
    expect(await sessions(member)).toEqual([]);
    expect(await signOuts(member)).toEqual([{ actor_id: admin.userId, device: 'Unknown device' }]);
    expect(await signOuts(admin)).toEqual([]);
    expect(world.cell.ended).toMatchObject([{ slug: tenant.slug, userId: member.userId }]);
    expect(await roleOf(member)).toBe('member');
  });

  it('and a hand-off that was under way then gives no code', async () => {
    const { tenant } = await createdTenant(owner);
    world.cell.fault = (what) => {
      if (what === 'grantOpen') void rows('DELETE FROM session WHERE user_id = ?', owner.userId);
      return 'none';
    };
    const query = new URLSearchParams({ slug: tenant.slug, st: 'A'.repeat(43) });
    const answer = await owner.browser.get(`/open?${query.toString()}`);
    expect(answer.headers.get('location')).toBe(`/sign-in?next=${encodeURIComponent(`/open?${query.toString()}`)}`);
  });
});

it('nobody without a session sees who is in', async () => {
  const answer = await problemOf(new Browser(world).get(`/api/v1/orgs/${owner.orgId}/members`));
  expect(answer.status).toBe(401);
});

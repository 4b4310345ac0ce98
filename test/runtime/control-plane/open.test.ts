// The sign-in hand-off's platform side, and what ends it again.

import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { sweep } from '../../../apps/control-plane/src/jobs/sweep.ts';
import {
  Browser,
  create,
  createdTenant,
  createWorld,
  join,
  json,
  newPerson,
  newSlug,
  rows,
  signedUpPerson,
  type Person,
  type World,
} from './support/world.ts';

const state = 'A'.repeat(43);
let world: World;
let person: Person;
let slug: string;
beforeAll(async () => {
  world = await createWorld();
});
beforeEach(async () => {
  world.cell.fault = () => 'none';
  world.cell.grants.length = 0;
  world.cell.ended.length = 0;
  person = await newPerson(world);
  slug = (await createdTenant(person)).tenant.slug;
});

const openPath = (parts: { slug?: string; st?: string; path?: string } = {}): string =>
  `/open?${new URLSearchParams({ slug, st: state, path: '/chat?a=1', ...parts }).toString()}`;

async function sha256(text: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)));
  return btoa(String.fromCharCode(...digest))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}

describe('opening an assistant', () => {
  it('sends a member back with a code bound to the browser, the person and the session', async () => {
    const answer = await person.browser.get(openPath());
    expect(answer.status).toBe(303);
    expect(answer.headers.get('location')).toBe(
      `http://${slug}.localhost:8787/__tidepool/callback?code=code-1&path=%2Fchat%3Fa%3D1`,
    );
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.get('referrer-policy')).toBe('no-referrer');
    const [session] = await rows('SELECT token FROM session WHERE user_id = ?', person.userId);
    expect(world.cell.grants).toEqual([
      {
        tenantId: world.cell.tenants.get(slug)?.tenantId,
        slug,
        userId: person.userId,
        role: 'owner',
        stateHash: state,
        parentSessionHash: await sha256(String(session?.['token'])),
      },
    ]);
  });

  it('sends somebody without a session to sign in and back', async () => {
    const answer = await new Browser(world).get(openPath());
    expect(answer.status).toBe(302);
    const location = new URL(answer.headers.get('location') ?? '', 'http://localhost:8787');
    expect(location.pathname).toBe('/sign-in');
    expect(location.searchParams.get('next')).toBe(openPath());
    expect(world.cell.grants).toEqual([]);
  });

  it('does not believe a session that has ended, whatever its cookie says', async () => {
    await rows('DELETE FROM session WHERE user_id = ?', person.userId);
    expect((await person.browser.get(openPath())).status).toBe(302);
  });

  it('makes a member of the organisation known to the assistant first, with their role', async () => {
    const helper = await newPerson(world, 'Helper');
    await join(helper, person.orgId, 'member');
    expect((await helper.browser.get(openPath())).status).toBe(303);
    expect(world.cell.tenants.get(slug)).toMatchObject({
      generation: 2,
      spec: {
        members: [
          { userId: person.userId, role: 'owner' },
          { userId: helper.userId, role: 'operator' },
        ],
      },
    });
    expect(world.cell.grants.at(-1)).toMatchObject({ userId: helper.userId, role: 'operator' });
    await helper.browser.get(openPath());
    expect(world.cell.tenants.get(slug)?.generation).toBe(2);
  });

  it('looks the same for a foreign assistant, an unknown one and a malformed request', async () => {
    const stranger = await newPerson(world, 'Stranger');
    const body = async (answer: Response): Promise<string> => {
      expect(answer.status).toBe(404);
      expect(answer.headers.get('content-type')).toContain('text/html');
      return (await answer.text()).replaceAll(/req_[0-9a-z]{26}|nonce="[^"]*"/g, '');
    };
    const foreign = await body(await stranger.browser.get(openPath()));
    expect(foreign).toContain('not_found');
    expect(await body(await stranger.browser.get(openPath({ slug: newSlug() })))).toBe(foreign);
    for (const parts of [
      { st: 'short' },
      { st: `${'A'.repeat(42)}=` },
      { slug: 'Admin' },
      { path: '//evil.example/' },
      { path: '/\\evil.example' },
      { path: '/%2F%2fevil.example' },
      { path: 'https://evil.example/' },
      { path: '/a\tb' },
      { path: '/%0d%0aSet-Cookie:x' },
      { path: '/%E0%A4%A' },
      { path: `/${'a'.repeat(2_001)}` },
    ]) {
      expect(await body(await person.browser.get(openPath(parts))), JSON.stringify(parts)).toBe(foreign);
    }
    expect(await body(await person.browser.get(`${openPath()}&slug=${slug}`))).toBe(foreign);
  });

  it('reaches an assistant whose creation was put off', async () => {
    world.cell.fault = () => 'before';
    const late = newSlug();
    await create(person, { slug: late });
    world.cell.fault = () => 'none';
    expect((await person.browser.get(openPath({ slug: late }))).status).toBe(303);
  });

  it('shows a page with a code when the cell is away or refuses', async () => {
    world.cell.fault = (what) => (what === 'grantOpen' ? 'before' : 'none');
    const answer = await person.browser.get(openPath());
    expect(answer.status).toBe(502);
    const html = await answer.text();
    expect(html).toContain('tenant_unreachable');
    expect(html).toContain('Try again');
    expect(answer.headers.get('content-security-policy')).toMatch(/default-src 'none'; style-src 'nonce-/);
  });
});

describe('what ends with a platform session', () => {
  const opened = async (): Promise<string> => {
    await person.browser.get(openPath());
    return world.cell.grants.at(-1)?.parentSessionHash ?? '';
  };

  it('its tenant sessions, on signing out', async () => {
    const parentSessionHash = await opened();
    await person.browser.post('/api/auth/sign-out');
    await world.settled();
    expect(world.cell.ended).toEqual([expect.objectContaining({ slug, parentSessionHash })]);
    expect(await rows('SELECT id FROM session_ending')).toEqual([]);
  });

  it('when the cell is away: later, by the sweep, once', async () => {
    const parentSessionHash = await opened();
    world.cell.fault = (what) => (what === 'endSessions' ? 'before' : 'none');
    await person.browser.post('/api/auth/sign-out');
    await world.settled();
    expect(world.cell.ended).toEqual([]);
    world.cell.fault = () => 'none';
    expect(await sweep(world.ctx)).toMatchObject({ endingsLeft: 0 });
    expect(world.cell.ended).toEqual([expect.objectContaining({ slug, parentSessionHash })]);
    await sweep(world.ctx);
    expect(world.cell.ended).toHaveLength(1);
  });

  it('those of other browsers, when the password is changed', async () => {
    const owner = await signedUpPerson(world);
    const own = (await createdTenant(owner)).tenant.slug;
    const other = new Browser(world);
    await json(other.post('/api/auth/sign-in/email', { email: owner.email, password: 'correct horse battery' }));
    await other.get(openPath({ slug: own }));
    const theirs = world.cell.grants.at(-1)?.parentSessionHash;
    await json(
      owner.browser.post('/api/auth/change-password', {
        currentPassword: 'correct horse battery',
        newPassword: 'a different password',
      }),
    );
    await world.settled();
    expect(world.cell.ended.map(({ parentSessionHash }) => parentSessionHash)).toContain(theirs);
  });
});

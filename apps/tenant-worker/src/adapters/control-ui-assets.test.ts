import { describe, expect, it } from 'vitest';
import { ControlUiAssets } from './control-ui-assets.ts';
import type { StaticAssets } from './control-ui-assets.ts';

const script = '/2026.9.6/assets/sample-AbCdEf12.js';

/** The Worker's static assets: what is there, by path; anything else is not found. */
function assets(files: Record<string, string>): { asked: string[]; fetcher: StaticAssets } {
  const asked: string[] = [];
  const fetch = async (url: string, init: { method: string }): Promise<Response> => {
    const { pathname } = new URL(url);
    asked.push(`${init.method} ${pathname}`);
    const content = files[pathname];
    if (content === 'broken') throw new Error('the assets are away');
    return content === undefined ? new Response('no', { status: 404 }) : new Response(content);
  };
  return { asked, fetcher: { fetch } };
}

describe('ControlUiAssets', () => {
  it('finds a file by release and path, and nothing else', async () => {
    const { fetcher, asked } = assets({ [script]: 'code', '/2026.9.6/favicon.svg': 'broken' });
    const files = new ControlUiAssets(fetcher);
    expect(await (await files.file('2026.9.6', '/assets/sample-AbCdEf12.js', 'HEAD'))?.text()).toBe('code');
    expect(await files.file('2026.9.5', '/assets/sample-AbCdEf12.js', 'GET')).toBeNull();
    expect(await files.file('2026.9.6', '/favicon.svg', 'GET')).toBeNull();
    expect(asked).toEqual([`HEAD ${script}`, `GET ${script.replace('.6/', '.5/')}`, 'GET /2026.9.6/favicon.svg']);
    expect(await new ControlUiAssets(undefined).file('2026.9.6', '/favicon.svg', 'GET')).toBeNull();
  });

  it('reads a page once', async () => {
    const page = { html: '<html></html>', scriptHashes: ['sha256-abc='] };
    const { fetcher, asked } = assets({ '/2026.9.6/page.json': JSON.stringify(page) });
    const files = new ControlUiAssets(fetcher);
    expect([await files.page('2026.9.6'), await files.page('2026.9.6')]).toEqual([page, page]);
    expect(asked).toEqual(['GET /2026.9.6/page.json']);
  });

  it.each([
    ['no JSON', 'x'],
    ['no page', '{"html":7}'],
    ['a hash that is none', '{"html":"<html>","scriptHashes":["\'unsafe-inline\'"]}'],
  ])('takes a page that is %s for none', async (_what, content) => {
    const files = new ControlUiAssets(assets({ '/2026.9.6/page.json': content }).fetcher);
    expect(await files.page('2026.9.6')).toBeNull();
  });
});

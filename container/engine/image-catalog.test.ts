import { describe, expect, it } from 'vitest';
import { findImage, isSidecarImage, parseImageCatalog } from './image-catalog.ts';

const image = (name: string): Record<string, unknown> => ({ name, command: ['x'] });
const catalogOf = (...names: string[]): ReturnType<typeof parseImageCatalog> =>
  parseImageCatalog(JSON.stringify({ images: names.map(image) }), 'f');

describe('findImage', () => {
  const catalog = catalogOf('openclaw-2026-9-6', '9-6', 'echo');

  it.each([
    ['openclaw-2026-9-6', 'openclaw-2026-9-6'],
    ['openclaw-2026-9-6:latest', 'openclaw-2026-9-6'],
    ['registry.example:5000/team/openclaw-2026-9-6@sha256:00ff', 'openclaw-2026-9-6'],
    ['cloudflare-dev/tenantsandbox-openclaw-2026-9-6-0123456789ab:01234567', 'openclaw-2026-9-6'],
    ['cloudflare-dev/cell-echo-0123456789ab:01234567', 'echo'],
  ])('%s is %s', (reference, name) => {
    expect(findImage(catalog, reference)?.name).toBe(name);
  });

  it.each([
    'not-openclaw-2026-9-6',
    'echo-evil',
    'evil-echo',
    'cloudflare-dev/cell-echo-0123456789ab:latest',
    'cloudflare-dev/cell-echo-0123456789zz:01234567',
    'cloudflare-dev/cell-other-0123456789ab:01234567',
    'evil/cloudflare-dev/cell-echo-0123456789ab:01234567',
    'echo/other',
    '',
    ':',
    '@',
  ])('%s is none', (reference) => {
    expect(findImage(catalog, reference)).toBeUndefined();
  });
});

describe('isSidecarImage', () => {
  it.each([
    'cloudflare/proxy-everything:3cb1195@sha256:0ef6',
    'proxy-everything',
    'docker.io/cloudflare/proxy-everything',
  ])('takes %s', (reference) => {
    expect(isSidecarImage(reference)).toBe(true);
  });
  it.each(['my-egress', 'not-proxy-everything', 'proxy-everything/other', 'x/proxy-everything-2:1'])(
    'refuses %s',
    (reference) => {
      expect(isSidecarImage(reference)).toBe(false);
    },
  );
});

describe('parseImageCatalog', () => {
  const parse = (value: unknown): unknown =>
    parseImageCatalog(typeof value === 'string' ? value : JSON.stringify(value), 'images.json');

  it('fills what may be left out', () => {
    expect(parse({ images: [image('a')] })).toEqual([{ name: 'a', command: ['x'], env: {}, mounts: [], ports: {} }]);
  });

  it.each([
    ['{', /images\.json is not JSON/],
    [{}, /images: /],
    [{ images: [{ name: 'a', command: [] }] }, /images\.0\.command/],
    [{ images: [{ name: 'A b', command: ['x'] }] }, /images\.0\.name: must be lower-case/],
    [
      { images: [{ ...image('a'), mounts: [{ source: 'relative', target: '/opt/x' }] }] },
      /source: must be an absolute path/,
    ],
    [{ images: [{ ...image('a'), mounts: [{ source: '/x', target: '/opt/../etc' }] }] }, /must not contain "\.\."/],
    [{ images: [{ ...image('a'), mounts: [{ source: '/x', target: '/etc/' }] }] }, /mounts over \/etc\//],
    [{ images: [{ ...image('a'), ports: { '70000': 'PORT' } }] }, /ports: has a key that is not a port number/],
    [{ images: [{ ...image('a'), ports: { '80': 'not-a-name' } }] }, /environment variable name/],
    [{ images: [{ ...image('a'), memoryMib: 1.5 }] }, /memoryMib/],
    [{ images: [{ ...image('a'), privileged: true }] }, /privileged/],
    [{ images: [image('a'), image('a')] }, /names "a" twice/],
  ])('refuses %j', (value, message) => {
    expect(() => parse(value)).toThrow(message);
  });
});

import { describe, expect, it } from 'vitest';
import { mapPaths } from './path-map.ts';

const mappings = [
  { from: '/opt/openclaw', to: '/cache/oc' },
  { from: '/opt/openclaw/plugins', to: '/src/plugins' },
  { from: '/home/tidepool', to: '/state/c/home' },
];

describe('mapPaths', () => {
  it.each([
    ['/opt/openclaw', '/cache/oc'],
    ['/opt/openclaw/dist/x.mjs', '/cache/oc/dist/x.mjs'],
    ['/opt/openclaw/plugins/a', '/src/plugins/a'],
    ['--dir=/opt/openclaw:/home/tidepool', '--dir=/cache/oc:/state/c/home'],
    ['file:///opt/openclaw/x', 'file:///cache/oc/x'],
    ['cat /home/tidepool/a > "/home/tidepool/b"', 'cat /state/c/home/a > "/state/c/home/b"'],
  ])('%s becomes %s', (text, mapped) => {
    expect(mapPaths(text, mappings)).toBe(mapped);
  });

  it.each([
    '/opt/openclaw2',
    '/opt/openclaw-old/x',
    '/opt/openclaw.bak',
    '/srv/opt/openclaw',
    'x/opt/openclaw',
    '/home/tidepooling',
    '',
  ])('%s stays', (text) => {
    expect(mapPaths(text, mappings)).toBe(text);
  });

  it('does nothing without mappings', () => {
    expect(mapPaths('/opt/openclaw', [])).toBe('/opt/openclaw');
  });
});

import { describe, expect, it } from 'vitest';
import { tracePath } from './trace.ts';
import { ownZonesOf } from './zones.ts';

describe('what is remembered of a path', () => {
  it.each([
    ['/', '/', '/'],
    ['/repos/openclaw/openclaw', '/repos/openclaw/openclaw', '/repos'],
    ['/bot123456:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw/getMe', '/…/getMe', '/…'],
    ['/v1/k/0123456789abcdef0123', '/v1/k/…', '/v1'],
    ['/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXX1', '/services/T00000000/B00000000/…', '/services'],
  ])('%s', (raw, path, prefix) => {
    expect(tracePath(raw)).toEqual({ path, prefix });
  });
});

describe('our own zones', () => {
  it.each([
    ['https://app.tidepool.com', 'https://{slug}.tidepool.net', ['app.tidepool.com', 'tidepool.com', 'tidepool.net']],
    ['https://tidepool.com', 'https://{slug}.t.tidepool.net', ['tidepool.com', 't.tidepool.net']],
    [
      'https://tide.someone.workers.dev',
      'https://{slug}.x.net',
      ['tide.someone.workers.dev', 'someone.workers.dev', 'x.net'],
    ],
    ['https://tide.workers.dev', 'https://{slug}.x.net', ['tide.workers.dev', 'x.net']],
    ['http://localhost:8787', 'http://{slug}.localhost:8787', ['localhost']],
  ])('%s', (platform, tenant, zones) => {
    expect(ownZonesOf({ platform, tenant })).toEqual(zones);
  });
});

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { LogRing } from './log-ring.ts';
import { SecurityAuditor } from './security-audit.ts';
import { parseSettings } from './settings.ts';
import { scriptedOpenclaw, type Script } from './testing/scripted-openclaw.ts';
import { temporaryFolder } from './testing/temporary-folder.ts';

const open = { checkId: 'gateway.bind_no_auth', severity: 'critical', title: 'Open to everybody', detail: 'token=abc' };
const proxy = { checkId: 'gateway.trusted_proxy_auth', severity: 'critical', title: 'Trusted proxy' };
const never = new AbortController().signal;

function world(audit: Script['audit'], config: unknown = { gateway: { port: 1 } }) {
  const home = temporaryFolder();
  const openclawDir = scriptedOpenclaw(home, audit === undefined ? {} : { audit });
  const settings = parseSettings(
    { TIDEPOOL_OPENCLAW_DIR: openclawDir, HOME: home, TMPDIR: home, PATH: process.env['PATH'] },
    process.execPath,
    null,
  );
  const setConfig = (value: unknown): void => {
    mkdirSync(settings.stateDir, { recursive: true });
    writeFileSync(path.join(settings.stateDir, 'openclaw.json'), JSON.stringify(value));
  };
  setConfig(config);
  const log = new LogRing();
  const auditor = (release = '2026.9.6') => new SecurityAuditor({ settings, release, log, settleMs: 0 });
  const asked = (): number => readFileSync(path.join(openclawDir, 'calls.log'), 'utf8').trim().split('\n').length;
  return { auditor, asked, setConfig, log };
}

describe('an audit', () => {
  test('names what is critical, counts warnings, and leaves out how Tidepool runs OpenClaw', async () => {
    const { auditor, log } = world([open, proxy, { checkId: 'x', severity: 'warn', title: 'w' }]);
    const told = await auditor().run(never);
    expect(told).toMatchObject({ release: '2026.9.6', warnings: 1, criticals: [{ checkId: 'gateway.bind_no_auth' }] });
    expect(told.criticals).toHaveLength(1);
    expect(log.tail(5)).toContain('gateway.bind_no_auth: Open to everybody');
  });

  test('is asked for once for the same settings, also by the keeper of a later run', async () => {
    const { auditor, asked, setConfig } = world([open]);
    const first = await auditor().run(never);
    setConfig({ meta: { lastTouchedAt: 'later' }, gateway: { port: 1 } });
    expect(await auditor().run(never)).toEqual(first);
    expect(asked()).toBe(1);
    setConfig({ gateway: { port: 1 }, tools: { elevated: { enabled: true } } });
    await auditor().run(never);
    await auditor('2026.10.1').run(never);
    expect(asked()).toBe(3);
  });

  test('that fails is not known, and is asked for again', async () => {
    const { auditor, asked } = world('no such command');
    const one = auditor();
    await expect(one.run(never)).rejects.toThrow(/no such command/);
    expect(one.last).toBeNull();
    await expect(one.run(never)).rejects.toThrow();
    expect(asked()).toBe(2);
  });

  test('after a boot comes by itself, and not once the gateway is being stopped', async () => {
    const { auditor } = world([open]);
    const runs = auditor();
    runs.begin();
    await expect.poll(() => runs.last?.criticals.length, { timeout: 20_000 }).toBe(1);
    const stopped = world([open]);
    const cancelled = stopped.auditor();
    cancelled.begin();
    cancelled.cancel();
    await expect(cancelled.run(AbortSignal.abort())).rejects.toThrow();
    expect(cancelled.last).toBeNull();
  });
});

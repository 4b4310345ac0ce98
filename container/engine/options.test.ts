import { describe, expect, it } from 'vitest';
import { assertDevelopment, parseOptions, UsageError } from './options.ts';

const given = ['--socket', '/tmp/e.sock', '--state', 'state', '--images', '/i.json'];

describe('parseOptions', () => {
  it('makes paths absolute and chooses the level by itself unless told', () => {
    const options = parseOptions(given);
    expect(options).toMatchObject({
      socketPath: '/tmp/e.sock',
      isolation: 'auto',
      logFile: undefined,
      parentPid: undefined,
    });
    expect(options.stateDir).toMatch(/^\/.*\/state$/);
    expect(parseOptions([...given, '--isolation', 'ns', '--parent-pid', '12'])).toMatchObject({
      isolation: 'ns',
      parentPid: 12,
    });
  });

  it.each([
    [[], /--socket is missing/],
    [['--socket', '/s', '--state', 'd'], /--images is missing/],
    [[...given, '--isolation', 'docker'], /must be ns, plain or auto/],
    [[...given, '--parent-pid=-1'], /must be a process id/],
    [[...given, '--parent-pid=0'], /must be a process id/],
    [[...given, '--verbose'], /--verbose/],
    [['--socket', `/${'x'.repeat(107)}`, ...given.slice(2)], /108 bytes long/],
  ])('refuses %j', (argv, message) => {
    expect(() => parseOptions(argv)).toThrow(message);
    expect(() => parseOptions(argv)).toThrow(UsageError);
  });
});

it('is for development only', () => {
  expect(() => assertDevelopment({ TIDEPOOL_ENV: 'production' })).toThrow(/production is Cloudflare Containers/);
  expect(() => assertDevelopment({ NODE_ENV: 'test' })).not.toThrow();
});

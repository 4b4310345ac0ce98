/** The Dockerfile, the local image, wrangler's entry and OpenClaw's lock file all state the same facts as `release.ts`. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { imageEnv, localImage } from './manifest.ts';
import {
  compareReleases,
  defaultRelease,
  imageNameOfRelease,
  knownReleases,
} from '../../apps/control-plane/src/contract/releases.ts';
import { nodeVersions, release } from './release.ts';

const container = path.join(import.meta.dirname, '..');
const dockerfile = readFileSync(path.join(container, 'Dockerfile'), 'utf8')
  .replaceAll(/^#.*\n/gm, '')
  .replaceAll(/\\\n\s*/g, ' ');
const lines = dockerfile.split('\n').filter((line) => line !== '');
const instructions = (name: string) =>
  lines.filter((line) => line.startsWith(`${name} `)).map((line) => line.slice(name.length + 1).trim());
const env = Object.fromEntries(
  instructions('ENV')
    .flatMap((line) => line.split(/\s+/))
    .map((pair) => pair.split('=', 2) as [string, string]),
);
const local = localImage({
  openclawDir: '/cache/node_modules/openclaw',
  keeperFile: '/built/keeper.mjs',
  nodeDir: '/node',
  compileCacheDir: '/cache/compiled',
});

function read(version: string, name: string): unknown {
  return JSON.parse(readFileSync(path.join(import.meta.dirname, 'openclaw', version, name), 'utf8'));
}

test('one base, with an exact version, in every stage', () => {
  const bases = instructions('FROM').map((line) => line.split(' ', 1)[0]);
  expect(new Set(bases)).toEqual(new Set([`node:\${NODE_VERSION}-${release.debian}\${BASE_DIGEST}`]));
  expect(new Set(instructions('ARG'))).toEqual(
    new Set([`NODE_VERSION=${release.nodeVersion}`, `OPENCLAW_VERSION=${release.openclawVersion}`, 'BASE_DIGEST=']),
  );
});

test('nothing in it gives more rights: another user, no set-user-id program, nothing of the system to change', () => {
  const last = lines.slice(lines.findLastIndex((line) => line.startsWith('FROM ')));
  const find = (pattern: RegExp) => last.findIndex((line) => pattern.test(line));
  const strip = find(/^RUN find \/ -xdev -type f -perm \/6000 -exec chmod a-s \{\} \+/);
  expect(strip).toBeGreaterThan(last.findLastIndex((line) => /^(COPY|ADD) |^RUN (?!find \/ )/.test(line)));
  // And the build fails when anything but home and the temporary folder can be written.
  expect(last[strip]).toMatch(/&& test -z "\$\(find \/ -xdev .*-perm -0002.*-user node/);
  expect(find(/^USER /)).toBeGreaterThan(strip);
  expect(instructions('USER')).toEqual(['1000:1000']);
  const owned = lines.flatMap((line) => line.match(/chown \S+ \S+/g) ?? []);
  expect(owned).toEqual([`chown node:node ${release.tmpDir}`]);
  expect(dockerfile).not.toMatch(/--chown|--chmod|chmod [ugo0-7]*[+0-7]*s|\bsudo\b|setcap/);
  expect(Object.keys(env).filter((name) => /KEY|TOKEN|SECRET|PASSWORD/.test(name))).toEqual([]);
});

test('who pins the base pins it by a digest', () => {
  const wrangler = readFileSync(path.join(container, '../apps/tenant-worker/wrangler.toml'), 'utf8');
  const pinned = [...wrangler.matchAll(/BASE_DIGEST\s*=\s*"([^"]*)"/g)].map(([, digest]) => digest);
  for (const digest of pinned) expect(digest).toMatch(/^@sha256:[0-9a-f]{64}$/);
});

test('the same environment here and there', () => {
  const { HOME, TMPDIR, NODE_EXTRA_CA_CERTS, ...shared } = env;
  expect(shared).toEqual(imageEnv);
  expect(local.env).toEqual(imageEnv);
  expect([HOME, TMPDIR]).toEqual([release.home, release.tmpDir]);
  // The platform puts its certificate there; the local engine sets the variable itself.
  expect(NODE_EXTRA_CA_CERTS).toBe('/etc/cloudflare/certs/cloudflare-containers-ca.crt');
});

test('the same command, under tini where nobody else reaps', () => {
  expect(local.command).toEqual([`${release.nodeDir}/bin/node`, release.keeperFile, 'guard']);
  expect(instructions('ENTRYPOINT').map((line) => JSON.parse(line) as unknown)).toEqual([
    ['/usr/bin/tini', '--', ...local.command],
  ]);
  expect(instructions('CMD')).toEqual([]);
  expect([instructions('WORKDIR').at(-1), instructions('USER')]).toEqual([local.workdir, [release.user]]);
});

test('the same ports, each with the variable that carries it', () => {
  const ports = { [release.gatewayPort]: 'TIDEPOOL_GATEWAY_PORT', [release.keeperPort]: 'TIDEPOOL_KEEPER_PORT' };
  expect(local.ports).toEqual(ports);
  expect(instructions('EXPOSE').join(' ').split(' ').toSorted()).toEqual(Object.keys(ports).toSorted());
  for (const [port, name] of Object.entries(ports)) expect(env[name]).toBe(port);
});

test('every program of the image has a source on this machine, OpenClaw with its dependencies', () => {
  expect(local.mounts).toEqual([
    { source: '/node', target: '/opt/node' },
    { source: '/cache/node_modules', target: '/opt/openclaw/node_modules' },
    { source: '/built/keeper.mjs', target: '/opt/tidepool/keeper.mjs' },
    { source: '/cache/compiled', target: '/opt/tidepool/compile-cache' },
  ]);
  expect(localImage({ openclawDir: '/o/openclaw', keeperFile: '/k', nodeDir: '/n' }).mounts).toHaveLength(3);
});

test.each(knownReleases)(
  'OpenClaw %s is fixed to the last dependency, by hash, without naming a registry',
  (version) => {
    expect(read(version, 'package.json')).toMatchObject({ dependencies: { openclaw: version } });
    const { packages } = read(version, 'package-lock.json') as { packages: Record<string, Record<string, unknown>> };
    expect(packages['node_modules/openclaw']?.['version']).toBe(version);
    for (const [at, entry] of Object.entries(packages)) {
      // A bundled dependency comes inside its parent, under its parent's hash.
      if (at === '' || entry['inBundle'] === true) continue;
      expect([at, typeof entry['integrity'], entry['resolved']]).toEqual([at, 'string', undefined]);
    }
  },
);

test('only what the Dockerfile copies is in the build context', () => {
  const copied = instructions('COPY')
    .filter((line) => !line.startsWith('--from='))
    .flatMap((line) => line.split(/\s+/).slice(0, -1))
    .map((file) => file.replace('${OPENCLAW_VERSION}', '*'));
  const allowed = readFileSync(path.join(container, '.dockerignore'), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('!'))
    .map((line) => line.slice(1));
  expect(allowed.toSorted()).toEqual(copied.toSorted());
  expect(dockerfile).not.toMatch(/\bADD\b|\bcurl [^\n]*\||:latest/);
});

test.each(knownReleases)('wrangler builds an image of %s, with its Node and under its name', (version) => {
  const wrangler = readFileSync(path.join(container, '../apps/tenant-worker/wrangler.toml'), 'utf8');
  const [, entry = ''] = wrangler.split(`[containers.images.${imageNameOfRelease(version)}]\n`);
  expect(entry.split('\n\n', 1)[0]).toContain(
    `build_vars = { OPENCLAW_VERSION = "${version}", NODE_VERSION = "${nodeVersions[version]}" }`,
  );
});

test('the default release is the newest, and there is nothing but what is known', () => {
  expect([release.openclawVersion, release.imageName]).toEqual([defaultRelease, imageNameOfRelease(defaultRelease)]);
  expect(Object.keys(nodeVersions).toSorted()).toEqual([...knownReleases].toSorted());
  expect([...knownReleases].toSorted((a, b) => compareReleases(b, a))).toEqual(knownReleases);
});

test.each([
  ['2026.9.6', '2026.8.2', 1],
  ['2026.10.1', '2026.9.6', 1],
  ['2026.9.6', '2026.9.6', 0],
  ['2026.9', '2026.9.6', -1],
  ['nonsense', '2026.8.2', -1],
])('%s against %s', (a, b, sign) => {
  expect(Math.sign(compareReleases(a, b))).toBe(sign);
});

// The Docker way: used when a Docker engine answers. Builds the real image from container/Dockerfile under the exact
// name the runtime will ask for, and fetches the runtime's own egress sidecar.

import http from 'node:http';
import { capture } from '../bootstrap/step.mjs';
import { StackError, type Progress } from './progress.ts';

/** The runtime's egress sidecar, as miniflare 5.20261117 pins it; the local engine plays it itself. */
export const EGRESS_SIDECAR_IMAGE =
  'cloudflare/proxy-everything:3cb1195@sha256:0ef6716c52430096900b150d84a3302057d6cd2319dae7987128c85d0733e3c8';

const BUILD_TIMEOUT_MS = 30 * 60_000;
const PING_TIMEOUT_MS = 1_500;

/** The unix socket Docker would be at; null for a remote engine, which the local runtime can't use. */
export function dockerSocket(env: Readonly<Record<string, string | undefined>>): string | null {
  const host = env['DOCKER_HOST'];
  if (host === undefined || host === '') return '/var/run/docker.sock';
  return host.startsWith('unix://') ? host.slice('unix://'.length) : null;
}

/** Whether an engine answers on `socketPath`. Never throws. */
export function dockerAnswers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const request = http.get({ socketPath, path: '/_ping', timeout: PING_TIMEOUT_MS }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    request.once('timeout', () => request.destroy());
    request.once('error', () => resolve(false));
    request.once('close', () => resolve(false));
  });
}

export interface ImageBuild {
  readonly tag: string;
  readonly dockerfile: string;
  readonly context: string;
  readonly buildVars: Readonly<Record<string, string>>;
}

/** Builds images that are not there yet and fetches the sidecar. Throws StackError with the other way out. */
export async function ensureDockerImages(
  builds: readonly ImageBuild[],
  sidecar: string,
  progress: Progress,
): Promise<void> {
  const otherWay = 'Set TENANT_ENGINE=ns to run without Docker.';
  for (const { tag, dockerfile, context, buildVars } of builds) {
    if (await isPresent(tag)) continue;
    const vars = Object.entries(buildVars).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]);
    const argv = ['build', '--tag', tag, '--platform', 'linux/amd64', ...vars, '--file', dockerfile, context];
    await progress.step('docker', `building ${tag}`, async () => {
      const result = await capture('docker', argv, { timeoutMs: BUILD_TIMEOUT_MS });
      if (result.code !== 0)
        throw new StackError(`The image did not build. ${otherWay}\n${result.output.slice(-2_000)}`);
    });
  }
  if (await isPresent(sidecar)) return;
  await progress.step('docker', `fetching ${sidecar}`, async () => {
    const result = await capture('docker', ['pull', sidecar], { timeoutMs: BUILD_TIMEOUT_MS });
    if (result.code !== 0)
      throw new StackError(`${sidecar} could not be fetched. ${otherWay}\n${result.output.slice(-600)}`);
  });
}

async function isPresent(image: string): Promise<boolean> {
  return (await capture('docker', ['image', 'inspect', '--format', '{{.Id}}', image])).code === 0;
}

/** The tenants' containers, as the local engine tells of them. */
import { request } from 'node:http';
import { z } from 'zod';
import { EGRESS_SIDECAR_IMAGE } from '../../local/stack/docker.ts';
import type { Stack } from '../../local/stack/start-stack.ts';

const Containers = z.array(z.looseObject({ Id: z.string(), Image: z.string(), State: z.string() }));

/** Those that run, and those that the engine still remembers. */
export async function tenantContainers({ engineSocket }: Stack): Promise<{ running: string[]; all: string[] }> {
  const text = await new Promise<string>((resolve, reject) => {
    const asked = request({ socketPath: engineSocket, path: '/containers/json?all=1' }, (response) => {
      let body = '';
      response.on('data', (chunk: Buffer) => (body += chunk.toString('utf8')));
      response.on('end', () => resolve(body));
    });
    asked.on('error', reject);
    asked.end();
  });
  const all = Containers.parse(JSON.parse(text)).filter(({ Image }) => Image !== EGRESS_SIDECAR_IMAGE);
  return { running: all.filter(({ State }) => State === 'running').map(({ Id }) => Id), all: all.map(({ Id }) => Id) };
}

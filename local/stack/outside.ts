// Where the requests go that an assistant's firewall allows. On Cloudflare a Worker's fetch reaches public addresses only;
// workerd on this machine would reach the machine itself and its network, so the tenant Worker gets a network of its own,
// which looks at the address after the name was resolved.

import type { Request, Response } from 'miniflare';
import type { LoadedWorker } from './workers.ts';

/** Stands in for the outside, in tests: sees every request that left. */
export type Outside = (request: Request) => Promise<Response> | Response;

export function outsideNetwork(outside: Outside | undefined) {
  if (outside !== undefined) return async (request: Request) => outside(request);
  return { network: { allow: ['public'], deny: [], tlsOptions: { trustBrowserCas: true } } };
}

/** The tenant Worker with its way out. */
export function withOutside(worker: LoadedWorker, outside: Outside | undefined): LoadedWorker {
  const serviceBindings = { ...worker.options.serviceBindings, EGRESS_NETWORK: outsideNetwork(outside) };
  return { ...worker, options: { ...worker.options, serviceBindings } };
}

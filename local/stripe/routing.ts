// How the stand-in's API is put together: a path and a method lead to what is done; parameters go through a schema.

import type { z } from 'zod';
import type { Cycle } from './cycle.ts';
import type { Form } from './form.ts';
import { StripeRefusal } from './store.ts';

export interface ApiCall {
  readonly method: string;
  readonly path: string;
  readonly form: Form;
}

export interface Api extends Cycle {
  readonly origin: string;
}

export type Match = readonly string[];
export type Route = readonly [method: string, path: RegExp, run: (api: Api, match: Match, form: Form) => object];

/** `expand` is taken by every call and is no parameter of what it makes. */
export function parse<S extends z.ZodType>(schema: S, form: Form): z.output<S> {
  const { expand, ...rest } = form;
  const asked = schema.safeParse(expand === undefined ? rest : form);
  const parsed = asked.success ? asked : schema.safeParse(rest);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const param = [...(issue?.path ?? []), ...(issue?.code === 'unrecognized_keys' ? issue.keys : [])]
    .map(String)
    .join('.');
  throw new StripeRefusal(400, {
    type: 'invalid_request_error',
    code: issue?.code === 'unrecognized_keys' ? 'parameter_unknown' : 'parameter_invalid',
    message: `${issue?.code === 'unrecognized_keys' ? 'Received unknown parameter' : (issue?.message ?? 'Invalid')}: ${param}`,
    param,
  });
}

/** A request's place. What the platform says of it is taken, never what the client sends. */
import { toPlace } from '../contract/place.ts';
import type { Place } from '../contract/place.ts';
import type { Context } from '../context.ts';

export function placeOf({ config }: Pick<Context, 'config'>, request: Request): Place {
  // A laptop's runtime makes one up.
  const country: unknown = config.secure ? request.cf?.['country'] : null;
  return toPlace(country, request.headers.get('user-agent'));
}

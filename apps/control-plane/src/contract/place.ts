/** Where a request came from, as coarsely as a person needs to know their own sign-in from a stranger's. */
import { deviceName } from './device-name.ts';

export interface Place {
  /** Two letters; null where it isn't known. */
  readonly country: string | null;
  readonly device: string;
}

const countryForm = /^[A-Z]{2}$/;
/** ISO 3166 keeps it for "unknown". */
const unknownCountry = 'XX';

export function toPlace(country: unknown, userAgent: string | null): Place {
  const known = typeof country === 'string' && countryForm.test(country) && country !== unknownCountry;
  return { country: known ? country : null, device: deviceName(userAgent) };
}

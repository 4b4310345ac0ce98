/** Which organisation this device looks at. Remembered here, checked against the person's own list. */
import type { Me, Organisation } from '../../../control-plane/src/contract/api.ts';

const key = 'tidepool.org';

export function rememberOrg(orgId: string): void {
  try {
    localStorage.setItem(key, orgId);
  } catch {
    // Without storage the first organisation is shown.
  }
}

/** The remembered organisation if the person is still in it, else their first; undefined when they have none. */
export function activeOrg(me: Me): Organisation | undefined {
  let remembered: string | null = null;
  try {
    remembered = localStorage.getItem(key);
  } catch {
    // As above.
  }
  return me.organisations.find((org) => org.id === remembered) ?? me.organisations[0];
}

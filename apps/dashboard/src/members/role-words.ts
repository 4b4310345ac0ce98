/** What a role means, in the words of somebody who gives it. */
import type { OrgRole } from '../../../control-plane/src/contract/api.ts';

export const roleWords: Record<OrgRole, { readonly name: string; readonly may: string }> = {
  owner: { name: 'Owner', may: 'Everything, the other owners included.' },
  admin: { name: 'Admin', may: 'Everything but changing owners: assistants, settings, people.' },
  member: { name: 'Member', may: 'Talks to the assistants, wakes them and puts them to sleep. Changes no settings.' },
  viewer: { name: 'Viewer', may: 'Reads conversations and usage. Sends nothing and changes nothing.' },
};

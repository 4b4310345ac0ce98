// `npm run audit:verify`: follows the audit trail and its anchors, and says where it was touched first. Without arguments
// every organisation in the kept state of the local stack, which must be stopped; with `--url` and `--org` one
// organisation of a running Tidepool, by an API key in TIDEPOOL_API_KEY. Ends with 1 at a break, reads only.

import path from 'node:path';
import { parseArgs } from 'node:util';
import { StackError } from '../stack/progress.ts';
import { keptChains } from './kept-chains.ts';
import { remoteChain } from './remote-chain.ts';
import type { Chain } from './whole-chain.ts';
import { followWhole } from './whole-chain.ts';

const root = path.resolve(import.meta.dirname, '../..');

try {
  const { values } = parseArgs({
    options: { url: { type: 'string' }, org: { type: 'string' }, state: { type: 'string' } },
  });
  const chains =
    values.url === undefined
      ? await keptChains(root, values.state ?? path.join(root, '.tidepool/state'))
      : [remote(values.url, values.org)];
  let broken = 0;
  for (const chain of chains) if (!(await tell(chain))) broken++;
  console.log(`\n  ${chains.length} chains, ${broken} broken.`);
  process.exit(broken === 0 ? 0 : 1);
} catch (error) {
  if (!(error instanceof StackError)) throw error;
  console.error(error.message);
  process.exit(2);
}

function remote(url: string, org: string | undefined): Chain {
  const key = process.env['TIDEPOOL_API_KEY'];
  if (org === undefined) throw new StackError('Say which organisation: --org org_…');
  if (key === undefined) throw new StackError('Put an API key that may read the audit trail into TIDEPOOL_API_KEY.');
  return remoteChain({ url, org, key, fetch });
}

async function tell(chain: Chain): Promise<boolean> {
  const { to, anchors, broken } = await followWhole(chain);
  const found = broken === null ? `ok, ${to} entries, ${anchors} anchors` : `BROKEN (${broken.kind}): ${broken.detail}`;
  console.log(`  ${chain.orgId}  ${found}`);
  return broken === null;
}

/**
 * Heads of audit chains kept in a bucket, outside the database they witness for: one object per organisation and day,
 * written once and never replaced. Whoever can change the database can't change these with the same credential.
 */
import { anchorText, parseAnchor } from '../core/audit-anchor.ts';
import type { Anchor, ChainPosition } from '../core/audit-chain.ts';

const prefixOf = (orgId: string): string => `audit/${orgId}/`;
export const anchorKey = (orgId: string, day: string): string => `${prefixOf(orgId)}${day}.json`;

/** False when the day has one already. */
export async function anchorPut(
  bucket: R2Bucket,
  of: { readonly orgId: string; readonly day: string; readonly head: ChainPosition; readonly atMs: number },
): Promise<boolean> {
  const { orgId, day, head, atMs } = of;
  const written = await bucket.put(anchorKey(orgId, day), anchorText({ orgId, head, atMs }), {
    onlyIf: { etagDoesNotMatch: '*' },
    httpMetadata: { contentType: 'application/json' },
  });
  return written !== null;
}

export interface Anchors {
  readonly anchors: readonly Anchor[];
  /** Keys of objects that are there and can't be read as an anchor. */
  readonly unreadable: readonly string[];
}

/** How many objects are read at once. */
const atOnce = 20;

/**
 * The newest anchors of an organisation, in the order of their days. Each witnesses for all entries before it, so older
 * ones only narrow down since when a chain is another one.
 */
export async function anchorsOf(bucket: R2Bucket, orgId: string, newestMax: number): Promise<Anchors> {
  const keys: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await bucket.list({ prefix: prefixOf(orgId), ...(cursor === undefined ? {} : { cursor }) });
    keys.push(...page.objects.map(({ key }) => key));
    cursor = page.truncated ? page.cursor : undefined;
  } while (cursor !== undefined);
  const newest = keys.sort().slice(-newestMax);
  const anchors: Anchor[] = [];
  const unreadable: string[] = [];
  for (let i = 0; i < newest.length; i += atOnce) {
    const page = newest.slice(i, i + atOnce);
    const read = await Promise.all(page.map((key) => readAnchor(bucket, orgId, key)));
    for (const [n, key] of page.entries()) {
      const anchor = read[n] ?? null;
      if (anchor === null) unreadable.push(key);
      else anchors.push(anchor);
    }
  }
  return { anchors, unreadable };
}

async function readAnchor(bucket: R2Bucket, orgId: string, key: string): Promise<Anchor | null> {
  const object = await bucket.get(key);
  return object === null ? null : parseAnchor(key, orgId, await object.text());
}

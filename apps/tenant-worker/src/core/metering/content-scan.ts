/**
 * Looks through the messages of a request for what its bytes do not tell: images (few tokens for many bytes, or many
 * for few), documents and remote references (any number of tokens), stored files (another tenant's, for all we know).
 */
import { asArray, asObject, asString, type JsonObject } from './json.ts';

export interface ContentScan {
  images: number;
  /** Characters of inline base64 data, which are not text and not tokens. */
  inlineChars: number;
  /** Something whose tokens cannot be bounded from the request: a document or a page to be fetched. */
  unbounded: boolean;
  /** A file that the provider stores. Keys are shared by tenants, so a file id may name another tenant's file. */
  storedFile: boolean;
  /** A reference to an earlier answer that the provider stores. */
  storedItem: boolean;
  /** Sound, or video, which has sound in it. */
  audio: boolean;
}

/** Nested deeper than any real message: what is below counts as unbounded. */
const DEPTH_MAX = 12;

const imageTypes = new Set(['image', 'image_url', 'input_image', 'computer_screenshot']);
const documentTypes = new Set(['document', 'file', 'input_file', 'container_upload']);
const audioTypes = new Set(['input_audio', 'audio', 'video', 'video_url', 'input_video']);

/** Nothing seen yet. */
export function emptyScan(): ContentScan {
  return { images: 0, inlineChars: 0, unbounded: false, storedFile: false, storedItem: false, audio: false };
}

export function scanContent(...roots: readonly unknown[]): ContentScan {
  const scan = emptyScan();
  for (const root of roots) visit(root, 0, scan);
  return scan;
}

function visit(value: unknown, depth: number, scan: ContentScan): void {
  if (depth > DEPTH_MAX) {
    scan.unbounded = true;
    return;
  }
  const list = asArray(value);
  if (list) {
    for (const item of list) visit(item, depth + 1, scan);
    return;
  }
  const block = asObject(value);
  if (block) visitBlock(block, depth, scan);
}

function visitBlock(block: JsonObject, depth: number, scan: ContentScan): void {
  const type = asString(block['type'], 64) ?? '';
  const source = asObject(block['source']) ?? asObject(block['file']) ?? asObject(block['image_url']) ?? block;
  if (imageTypes.has(type)) {
    scan.images += 1;
    noteSource(source, scan);
  } else if (documentTypes.has(type)) {
    scan.unbounded = true;
    noteSource(source, scan);
  } else if (audioTypes.has(type)) {
    scan.audio = true;
  } else if (type === 'item_reference') {
    scan.storedItem = true;
  }
  for (const key of ['content', 'output', 'source'] as const) visit(block[key], depth + 1, scan);
}

function noteSource(source: JsonObject, scan: ContentScan): void {
  if (typeof source['file_id'] === 'string') scan.storedFile = true;
  for (const key of ['data', 'file_data', 'url', 'image_url'] as const) {
    const value = source[key];
    if (typeof value === 'string' && (key !== 'url' || value.startsWith('data:'))) scan.inlineChars += value.length;
  }
}

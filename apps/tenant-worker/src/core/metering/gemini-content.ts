/** Looks through the parts of a Gemini request for what its bytes do not tell; the same questions as `content-scan`. */
import { emptyScan, type ContentScan } from './content-scan.ts';
import { asArray, asObject, asString, type JsonObject } from './json.ts';

/** Parts whose tokens come from their own text. */
const plainParts = new Set([
  'text',
  'thought',
  'thoughtSignature',
  'functionCall',
  'executableCode',
  'codeExecutionResult',
  'videoMetadata',
  'mediaResolution',
  'partMetadata',
]);

/** Results of tools within results of tools, deeper than any real one. */
const DEPTH_MAX = 4;

/** `snake_case` as Google reads it. */
export function camelCase(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** @param roots `contents` and `systemInstruction`: a content, a list of them, or absent */
export function scanGemini(...roots: readonly unknown[]): ContentScan {
  const scan = emptyScan();
  for (const root of roots) {
    for (const content of asArray(root) ?? [root]) visitParts(asObject(content), 0, scan);
  }
  return scan;
}

function visitParts(holder: JsonObject | null, depth: number, scan: ContentScan): void {
  if (depth > DEPTH_MAX) {
    scan.unbounded = true;
    return;
  }
  const parts = asArray(holder?.['parts']) ?? [holder?.['parts']];
  for (const part of parts) visitPart(asObject(part) ?? {}, depth, scan);
}

function visitPart(part: JsonObject, depth: number, scan: ContentScan): void {
  for (const [key, value] of Object.entries(part)) {
    const name = camelCase(key);
    if (plainParts.has(name)) continue;
    if (name === 'inlineData') noteInline(asObject(value), scan);
    else if (name === 'fileData') scan.storedFile = true;
    else if (name === 'functionResponse') visitParts(asObject(value), depth + 1, scan); // a tool may answer with pictures
    else scan.unbounded = true;
  }
}

function noteInline(blob: JsonObject | null, scan: ContentScan): void {
  const type = (asString(blob?.['mimeType'] ?? blob?.['mime_type'], 128) ?? '').toLowerCase();
  const data = blob?.['data'];
  if (type.startsWith('image/')) {
    scan.images += 1;
    if (typeof data === 'string') scan.inlineChars += data.length;
  } else if (type.startsWith('audio/') || type.startsWith('video/')) {
    scan.audio = true;
  } else {
    scan.unbounded = true; // a document: its pages are not counted here
  }
}

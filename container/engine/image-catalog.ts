// The images file: which names the engine can run and what each one is on this machine.
// Parsed with zod once at start; a reference matches exactly one name or none (never "contains").
import { z } from 'zod';

const envName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'is not an environment variable name');
const absolutePath = z
  .string()
  .startsWith('/', 'must be an absolute path')
  .refine((path) => !path.split('/').includes('..'), 'must not contain ".."');
const imageSchema = z.strictObject({
  name: z
    .string()
    .max(128)
    .regex(/^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$/, 'must be lower-case letters, digits, ".", "_" and "-"'),
  command: z.array(z.string().min(1)).min(1).max(64),
  env: z.record(envName, z.string()).default({}),
  workdir: absolutePath.optional(),
  mounts: z
    .array(z.strictObject({ source: absolutePath, target: absolutePath }))
    .max(32)
    .default([]),
  ports: z
    .record(z.string(), envName)
    .refine((ports) => Object.keys(ports).every(isPort), 'has a key that is not a port number')
    .default({}),
  diskMib: z.int().min(16).max(65_536).optional(),
  memoryMib: z.int().min(64).max(262_144).optional(),
  pids: z.int().min(16).max(32_768).optional(),
});
const catalogSchema = z.strictObject({ images: z.array(imageSchema).max(100) });

export type ImageSpec = Readonly<z.infer<typeof imageSchema>>;
export type ImageCatalog = readonly ImageSpec[];

/** Paths the engine makes itself in an `ns` container: an image may not be mounted over them. */
const RESERVED_TARGETS = ['/', '/usr', '/proc', '/dev', '/sys', '/etc', '/tmp', '/run', '/home', '/home/tidepool'];

/** The text of an images file -> catalog. Throws an Error whose message names the file, the field and the problem. */
export function parseImageCatalog(text: string, file: string): ImageCatalog {
  const parsed = catalogSchema.safeParse(readJson(text, file));
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `  ${issue.path.join('.') || '(top)'}: ${issue.message}`);
    throw new Error(`The images file ${file} is not usable:\n${problems.join('\n')}`);
  }
  const seen = new Set<string>();
  for (const image of parsed.data.images) {
    if (seen.has(image.name)) throw new Error(`The images file ${file} names "${image.name}" twice.`);
    seen.add(image.name);
    for (const { target } of image.mounts) {
      if (RESERVED_TARGETS.includes(target.replace(/(.)\/+$/, '$1'))) {
        throw new Error(`Image "${image.name}" in ${file} mounts over ${target}, which the engine makes itself.`);
      }
    }
  }
  return parsed.data.images;
}

/**
 * The image that a reference names, or undefined. `name`, `<anything>/name` with any tag or digest, and wrangler's
 * `cloudflare-dev/<class>-<name>-<12 hex>:<8 hex>` (a class name holds no "-", so the split is exact).
 */
export function findImage(catalog: ImageCatalog, reference: string): ImageSpec | undefined {
  const { repository, tag } = splitReference(reference);
  const local = /^cloudflare-dev\/[^/-]+-(.+)-[0-9a-f]{12}$/.exec(repository);
  const wanted = local && /^[0-9a-f]{8}$/.test(tag) ? local[1] : repository.slice(repository.lastIndexOf('/') + 1);
  return catalog.find((image) => image.name === wanted);
}

/** True for the egress and ingress sidecar's image, which the engine plays itself. */
export function isSidecarImage(reference: string): boolean {
  return /(^|\/)proxy-everything$/.test(splitReference(reference).repository);
}

function splitReference(reference: string): { repository: string; tag: string } {
  const named = reference.split('@', 1)[0] ?? '';
  const colon = named.indexOf(':', named.lastIndexOf('/') + 1);
  return colon < 0
    ? { repository: named, tag: '' }
    : { repository: named.slice(0, colon), tag: named.slice(colon + 1) };
}

function readJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`The images file ${file} is not JSON: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}

function isPort(text: string): boolean {
  return /^[1-9]\d{0,4}$/.test(text) && Number(text) <= 65_535;
}

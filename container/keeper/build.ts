/**
 * Bundles the keeper into one file for Node 24, so that the image and the local engine need none of our dependencies.
 * Run as a program it writes `container/dist/keeper.mjs`, which the Dockerfile copies.
 */
import path from 'node:path';
import { build } from 'esbuild';

/** @param outFile where the bundle goes; folders are made */
export async function buildKeeper(outFile: string): Promise<void> {
  await build({
    entryPoints: [path.join(import.meta.dirname, 'main.ts')],
    outfile: outFile,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    legalComments: 'none',
    logLevel: 'warning',
    // CommonJS dependencies inside the bundle call `require` for Node's own modules.
    banner: {
      js: "import { createRequire as tidepoolCreateRequire } from 'node:module';\nconst require = tidepoolCreateRequire(import.meta.url);",
    },
    // Optional native accelerators of `ws`, which works without them.
    external: ['bufferutil', 'utf-8-validate'],
  });
}

if (import.meta.main) await buildKeeper(path.join(import.meta.dirname, '../dist/keeper.mjs'));

// Writes src/route-tree.gen.ts from the files in src/routes, without a build: what the type check needs on a fresh clone.
import path from 'node:path';
import { resolveConfig } from 'vite';

await resolveConfig({ configFile: path.join(import.meta.dirname, 'vite.config.ts') }, 'build', 'production');

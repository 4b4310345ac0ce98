// Bundles a Worker for the local runtime: one ES module, node: imports left to workerd, text files as strings.
// `wrangler deploy` bundles for production; `npm run check` builds both Workers that way too.

import { builtinModules } from 'node:module';
import { build, type Plugin } from 'esbuild';
import { StackError } from './progress.ts';

/** The bundle's source text, with an inline source map. Throws StackError with file, line and problem. */
export async function bundleWorker(entry: string, define: Readonly<Record<string, string>>): Promise<string> {
  try {
    const result = await build({
      entryPoints: [entry],
      bundle: true,
      write: false,
      format: 'esm',
      platform: 'neutral',
      target: 'es2024',
      keepNames: true,
      conditions: ['workerd', 'worker', 'browser'],
      mainFields: ['browser', 'module', 'main'],
      external: ['cloudflare:*'],
      loader: { '.txt': 'text', '.html': 'text', '.sql': 'text' },
      define: {
        'process.env.NODE_ENV': '"development"',
        'navigator.userAgent': '"Cloudflare-Workers"',
        ...define,
      },
      sourcemap: 'inline',
      logLevel: 'silent',
      plugins: [nodeBuiltins],
    });
    return result.outputFiles[0]?.text ?? '';
  } catch (error) {
    throw new StackError(`${entry} could not be bundled:\n${describe(error)}`);
  }
}

/** workerd has Node's modules under their `node:` names only, and only as ES modules. */
const nodeBuiltins: Plugin = {
  name: 'node-builtins',
  setup(build) {
    const names = builtinModules.filter((name) => !name.startsWith('_'));
    const filter = new RegExp(`^(node:)?(${names.map((name) => name.replace('/', '\\/')).join('|')})$`);
    build.onResolve({ filter }, ({ path, kind }) => {
      const name = path.startsWith('node:') ? path : `node:${path}`;
      return kind === 'require-call' ? { path: name, namespace: 'node-require' } : { path: name, external: true };
    });
    // `require()` of an external does not exist in an ES module: give it a CommonJS face.
    build.onLoad({ filter: /.*/, namespace: 'node-require' }, ({ path }) => ({
      contents: `import * as module_ from ${JSON.stringify(path)}; module.exports = module_.default ?? module_;`,
      loader: 'js',
    }));
  },
};

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message.slice(0, 4_000);
}

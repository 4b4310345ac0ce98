/**
 * Entry of the keeper process: environment to settings, a listening server, and an orderly end. In the image tini is PID 1
 * and `keeper.mjs guard` its only child, which runs the keeper itself; `keeper.mjs bake <folder>` makes the image's
 * compile cache instead.
 */
import path from 'node:path';
import { bakeCache } from './bake.ts';
import { guard } from './guardian.ts';
import { createKeeper } from './keeper.ts';
import { describeError } from './problem.ts';
import { parseSettings } from './settings.ts';
import { parseStandbyArguments, standBy } from './standby.ts';

/** A platform stop is followed by SIGKILL; the gateway gets most of the ten seconds the keeper promises. */
const shutDownGraceMs = 6_000;

async function main(): Promise<void> {
  const [command, outDir, ...more] = process.argv.slice(2);
  if (command === 'standby') return standBy(parseStandbyArguments([outDir ?? '', ...more]));
  const self = process.argv[1] ?? '';
  const settings = parseSettings(process.env, process.execPath, self);
  if (command === 'bake' && outDir !== undefined) {
    await bakeCache(settings, path.resolve(outDir));
    return;
  }
  if (command === 'guard') {
    process.exit(await guard({ command: [process.execPath, self], log: (line) => console.error(line) }));
  }
  if (command !== undefined) throw new Error(`unknown command ${command}; use: keeper.mjs [guard | bake <folder>]`);
  const keeper = await createKeeper(settings);
  let ending = false;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (ending) return;
      ending = true;
      keeper.shutDown(shutDownGraceMs).then(
        () => process.exit(0),
        () => process.exit(1),
      );
    });
  }
  // The platform cannot reach a listener on loopback.
  keeper.server.listen(settings.keeperPort, '0.0.0.0', () => {
    console.log(`keeper: listening on port ${settings.keeperPort}`);
  });
  keeper.server.on('error', (error) => {
    console.error(`keeper: ${error.message}`);
    process.exit(1);
  });
}

main().catch((error: unknown) => {
  console.error(`keeper: ${describeError(error)}`);
  process.exit(1);
});

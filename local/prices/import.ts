/**
 * Makes the price table of the tenant worker from @pydantic/genai-prices (MIT), as data to be reviewed in a diff:
 *   node local/prices/import.ts [--version YYYY-MM-DD] [--effective-from YYYY-MM-DD]
 * Exact integers or nothing: a model whose price is not a whole number of pico-USD per token, or is not per token
 * at all, is left out with its reason, and a model that is left out is refused to tenants.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { findProvider, type ModelInfo } from '@pydantic/genai-prices';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { toModel, type TableModel } from './model-prices.ts';

const providers = ['anthropic', 'openai'] as const;
const Day = z.string().regex(/^\d{4}-\d{2}-\d{2}$/);

export interface ImportedTable {
  readonly version: string;
  readonly effectiveFrom: string;
  readonly source: string;
  readonly unit: string;
  readonly providers: Record<string, { models: TableModel[]; leftOut: { id: string; why: string }[] }>;
}

/** Builds the table from the installed package. Pure but for the package's own data. */
export function importPrices(version: string, effectiveFrom: string): ImportedTable {
  const table: ImportedTable = {
    version,
    effectiveFrom,
    source: `@pydantic/genai-prices ${installedVersion()}`,
    unit: 'pico-USD per token',
    providers: {},
  };
  for (const id of providers) {
    const provider = findProvider({ providerId: id });
    if (!provider) throw new Error(`@pydantic/genai-prices has no provider "${id}".`);
    table.providers[id] = importProvider(id, provider.models);
  }
  return table;
}

function importProvider(provider: string, source: readonly ModelInfo[]): ImportedTable['providers'][string] {
  const models: TableModel[] = [];
  const leftOut: { id: string; why: string }[] = [];
  for (const info of source) {
    const result = toModel(provider, info);
    if ('why' in result) leftOut.push({ id: info.id, why: result.why });
    else models.push(result.model);
  }
  return { models, leftOut };
}

function installedVersion(): string {
  const main = createRequire(import.meta.url).resolve('@pydantic/genai-prices');
  const manifest: unknown = JSON.parse(readFileSync(path.join(path.dirname(main), '..', 'package.json'), 'utf8'));
  return z.object({ version: z.string() }).parse(manifest).version;
}

if (import.meta.main) {
  const today = new Date().toISOString().slice(0, 10);
  const { values } = parseArgs({
    options: { version: { type: 'string', default: today }, 'effective-from': { type: 'string', default: today } },
  });
  const table = importPrices(Day.parse(values.version), Day.parse(values['effective-from']));
  const folder = path.join(import.meta.dirname, '../../apps/tenant-worker/src/core/metering/prices');
  const file = path.join(folder, `${table.version}.json`);
  writeFileSync(file, `${JSON.stringify(table, null, 1)}\n`);
  for (const [id, { models, leftOut }] of Object.entries(table.providers)) {
    console.log(`${id}: ${models.length} models priced, ${leftOut.length} left out`);
    for (const { id: model, why } of leftOut) console.log(`  ${model}: ${why}`);
  }
  console.log(`written: ${path.relative(process.cwd(), file)}\nNext: list it in core/metering/price-table.ts.`);
}

/**
 * Makes the price table of the tenant worker from @pydantic/genai-prices (MIT), as data to be reviewed in a diff:
 *   node local/prices/import.ts [--version YYYY-MM-DD] [--effective-from YYYY-MM-DD]
 * Exact integers or nothing: a model whose price is not a whole number of pico-USD per token, or is not per token
 * at all, is left out with its reason, and a model that is left out is refused to tenants.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { findProvider } from '@pydantic/genai-prices';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { toModel, type TableModel } from './model-prices.ts';
import { providerRules, type ProviderRules } from './provider-rules.ts';

const Day = z.string().regex(/^\d{4}-\d{2}-\d{2}$/);

export interface ImportedTable {
  readonly version: string;
  readonly effectiveFrom: string;
  readonly source: string;
  readonly unit: string;
  readonly providers: Record<string, { models: TableModel[] }>;
}

export interface Import {
  readonly table: ImportedTable;
  /** By provider and reason, the models that have no price. For the reviewer; the Worker does not carry it. */
  readonly leftOut: Record<string, Record<string, string[]>>;
}

/** Builds the table from the installed package. Pure but for the package's own data. */
export function importPrices(version: string, effectiveFrom: string): Import {
  const source = `@pydantic/genai-prices ${installedVersion()}`;
  const table: ImportedTable = { version, effectiveFrom, source, unit: 'pico-USD per token', providers: {} };
  const leftOut: Import['leftOut'] = {};
  for (const [id, rules] of Object.entries(providerRules)) {
    const imported = importProvider(rules);
    table.providers[id] = { models: imported.models };
    leftOut[id] = imported.leftOut;
  }
  return { table, leftOut };
}

function importProvider(rules: ProviderRules): { models: TableModel[]; leftOut: Record<string, string[]> } {
  const provider = findProvider({ providerId: rules.source });
  if (provider?.id !== rules.source) throw new Error(`@pydantic/genai-prices has no provider "${rules.source}".`);
  const models: TableModel[] = [];
  const leftOut: Record<string, string[]> = {};
  for (const info of provider.models) {
    const result = toModel(rules, info);
    if ('why' in result) (leftOut[result.why] ??= []).push(info.id);
    else models.push(result.model);
  }
  return { models, leftOut };
}

/** One line for each model: a changed price is a changed line. */
function printTable({ providers, ...head }: ImportedTable): string {
  const lines = Object.entries(providers).map(
    ([id, { models }]) =>
      `  ${JSON.stringify(id)}: { "models": [\n${models.map((model) => `   ${JSON.stringify(model)}`).join(',\n')}\n  ] }`,
  );
  return `${JSON.stringify(head, null, 1).replace(/\n}$/, '')},\n "providers": {\n${lines.join(',\n')}\n }\n}\n`;
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
  const { table, leftOut } = importPrices(Day.parse(values.version), Day.parse(values['effective-from']));
  const folder = path.join(import.meta.dirname, '../../apps/tenant-worker/src/core/metering/prices');
  const file = path.join(folder, `${table.version}.json`);
  writeFileSync(file, printTable(table));
  writeFileSync(path.join(folder, `${table.version}.left-out.json`), `${JSON.stringify(leftOut, null, 1)}\n`);
  for (const [id, { models }] of Object.entries(table.providers)) {
    const reasons = Object.entries(leftOut[id] ?? {});
    const left = reasons.reduce((sum, [, ids]) => sum + ids.length, 0);
    console.log(`${id}: ${models.length} models priced, ${left} left out`);
    for (const [why, ids] of reasons) console.log(`  ${ids.length}: ${why}`);
  }
  console.log(`written: ${path.relative(process.cwd(), file)}\nNext: list it in core/metering/price-table.ts.`);
}

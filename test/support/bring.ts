/** Bringing an archive to an assistant, as the dashboard's page does: uploaded in parts, converted, switched to. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { importPartBytes, type ImportReport } from '../../apps/control-plane/src/contract/imports.ts';
import type { Person } from './person.ts';
import { until } from './product.ts';

/** Resolves when the assistant is awake on what was brought, to what the report says. */
export async function bring(person: Person, tenantId: string, file: string): Promise<ImportReport | null> {
  const content = readFileSync(file);
  const begun = await person.call('importCreate', {
    params: { tenantId },
    body: { fileName: path.basename(file), bytes: content.length },
  });
  const params = { tenantId, importId: begun.id };
  for (let n = 0; n * importPartBytes < content.length; n++) {
    const part = content.subarray(n * importPartBytes, (n + 1) * importPartBytes);
    const answer = await person.upload(`/api/v1/tenants/${tenantId}/imports/${begun.id}/parts/${n}`, part);
    const text = await answer.text();
    if (!answer.ok) throw new Error(`part ${n}: ${answer.status} ${text}`);
  }
  await person.call('importStart', { params });
  const { items } = await until(
    'the upload to be converted',
    async () => {
      const list = await person.call('importList', { params: { tenantId } });
      const state = list.items.find(({ id }) => id === begun.id)?.state;
      return (state === 'ready' || state === 'failed') && list;
    },
    300_000,
  );
  const ready = items.find(({ id }) => id === begun.id);
  if (ready?.state !== 'ready') throw new Error(JSON.stringify(ready?.error));
  const applied = await person.call('importApply', { params });
  await until(
    'the switch',
    async () => {
      const operation = await person.call('operationRead', { params: { operationId: applied.id } });
      return operation.finishedAtMs !== null;
    },
    300_000,
  );
  await person.waitFor(tenantId, 'awake');
  return ready.report;
}

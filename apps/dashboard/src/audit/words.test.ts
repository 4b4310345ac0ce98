import { expect, it } from 'vitest';
import { accountActions, auditActionNames } from '../../../control-plane/src/contract/audit.ts';
import { auditCsv } from './csv.ts';
import { actionText, changeText } from './words.ts';

it('has words for every action, and shows an unknown one by its name', () => {
  for (const action of [...auditActionNames, ...accountActions]) expect(actionText({ action })).not.toBe(action);
  expect(actionText({ action: 'newer.thing' })).toBe('newer.thing');
  expect(actionText({ action: 'constructor' })).toBe('constructor');
});

it('tells a change from a thing that is only named', () => {
  expect(changeText({ before: { name: 'Nora' }, after: { name: 'Nemo', pinned: true } })).toBe(
    'name: Nora → Nemo; pinned: true',
  );
});

it('defuses formulas in the file', () => {
  const csv = auditCsv([
    {
      seq: 1,
      id: 'aud_1',
      at: '2026-11-21T12:00:00.000Z',
      actor: { kind: 'person', id: 'usr_1', name: '=HYPERLINK("x")' },
      action: 'tenant.update',
      outcome: 'done',
      tenantId: null,
      tenantName: null,
      intentId: null,
      code: null,
      reason: null,
      before: {},
      after: {},
      requestId: null,
      hash: 'h',
    },
  ]);
  expect(csv.split('\r\n')[1]).toContain(`"'=HYPERLINK(""x"")"`);
});

// Nothing that an action's schema doesn't name gets into an entry, whatever a caller hands over.

import { expect, it } from 'vitest';
import { auditActionNames, auditDetail } from './audit.ts';

it('drops whatever the table has no place for, in every action', () => {
  const secrets = {
    value: 'sk-live-canary',
    password: 'canary',
    token: 'canary',
    use: { header: 'canary' },
    note: 'canary',
  };
  for (const action of auditActionNames) {
    const detail = auditDetail(action, { before: secrets, after: secrets });
    expect(JSON.stringify(detail), action).not.toContain('canary');
  }
});

it('tells what changed and leaves out what stayed', () => {
  const before = { displayName: 'Nora', keepAwake: false, release: '2026.8.2' };
  expect(auditDetail('tenant.update', { before, after: { ...before, keepAwake: true } })).toEqual({
    before: { keepAwake: false },
    after: { keepAwake: true },
  });
});

it('cuts text that is too long instead of refusing the change', () => {
  const { after } = auditDetail('network.answer', { after: { host: 'x'.repeat(5_000) } });
  expect(String(after['host'])).toHaveLength(255);
});

import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { dropGatewayLease } from './gateway-lease.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(path.join(os.tmpdir(), 'lease-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

it('removes the gateway lease and no other', () => {
  const file = path.join(dir, 'openclaw.sqlite');
  const database = new DatabaseSync(file);
  database.exec(
    "CREATE TABLE state_leases (scope TEXT, lease_key TEXT); INSERT INTO state_leases VALUES ('gateway-owner', 'global'), ('other', 'x')",
  );
  database.close();
  dropGatewayLease(file);
  const after = new DatabaseSync(file, { readOnly: true });
  expect(after.prepare('SELECT scope FROM state_leases').all()).toEqual([{ scope: 'other' }]);
  after.close();
});

it('leaves a database of another shape alone', () => {
  const file = path.join(dir, 'other.sqlite');
  new DatabaseSync(file).close();
  expect(() => dropGatewayLease(file)).not.toThrow();
});

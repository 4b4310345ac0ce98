import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(path.join(os.tmpdir(), 'guardian-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    // A killed process that nobody has reaped yet is dead all the same.
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return false;
  }
};

async function until(look: () => boolean): Promise<void> {
  const deadlineMs = Date.now() + 20_000;
  while (!look()) {
    if (Date.now() > deadlineMs) throw new Error('waited too long');
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
  }
}

/** A stand-in keeper: starts one child, writes both pids, and waits. */
function writeProgram(): string {
  const file = path.join(dir, 'keeper.mjs');
  writeFileSync(
    file,
    `import { spawn } from 'node:child_process'; import { appendFileSync } from 'node:fs';
     const gateway = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
     appendFileSync(${JSON.stringify(path.join(dir, 'pids'))}, process.pid + ' ' + gateway.pid + '\\n');
     process.on('SIGTERM', () => process.exit(0)); setInterval(() => {}, 1000);`,
  );
  return file;
}

const starts = (): { keeper: number; gateway: number }[] => {
  try {
    return readFileSync(path.join(dir, 'pids'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => {
        const [keeper = 0, gateway = 0] = line.split(' ').map(Number);
        return { keeper, gateway };
      });
  } catch {
    return [];
  }
};

it('starts a killed keeper again, ends what it left, and stops when told', async () => {
  const guardianFile = path.join(import.meta.dirname, 'guardian.ts');
  const script = `import { guard } from ${JSON.stringify(guardianFile)};
    process.exit(await guard({ command: [process.execPath, ${JSON.stringify(writeProgram())}], log: () => {}, restartDelayMs: 10 }));`;
  const guardian = spawn(process.execPath, ['--input-type=module-typescript', '-e', script], { stdio: 'ignore' });
  const exited = new Promise<number | null>((resolve) => guardian.once('exit', (code) => resolve(code)));
  await until(() => starts().length === 1);
  const [first] = starts();
  process.kill(first?.keeper ?? 0, 'SIGKILL');
  await until(() => starts().length === 2);
  await until(() => !alive(first?.gateway ?? 0));
  const second = starts()[1];
  expect(alive(second?.keeper ?? 0)).toBe(true);
  guardian.kill('SIGTERM');
  expect(await exited).toBe(0);
  await until(() => !alive(second?.keeper ?? 0) && !alive(second?.gateway ?? 0));
});

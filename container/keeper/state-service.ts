/**
 * Restore and snapshot as the contract offers them: one at a time, never a restore under a gateway, and each outcome on
 * the board or in `last`.
 */
import type http from 'node:http';
import { Readable } from 'node:stream';
import { z } from 'zod';
import { archiveLimits, ArchiveRefused, type ArchiveLimits } from './archive/entry-guard.ts';
import { packState } from './archive/pack.ts';
import type { StateFolder } from './archive/restore.ts';
import type { Inventory } from './inventory-contract.ts';
import type { RestoreResult, SnapshotResult } from './contract.ts';
import { convert } from './import/convert.ts';
import type { ImportReport } from './import/import-contract.ts';
import { runDoctor } from './import/doctor.ts';
import { unpackForeign } from './import/unpack-foreign.ts';
import type { LogRing } from './log-ring.ts';
import { describeError, Problem, systemErrorCode } from './problem.ts';
import type { Settings } from './settings.ts';
import type { StatusBoard } from './status-board.ts';
import type { Supervisor } from './supervisor.ts';

const logTailLines = 20;

export const stateQuerySchema = z.object({
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  bytes: z.coerce
    .number()
    .int()
    .min(1)
    .max(64 * 1024 ** 3),
});

export class StateService {
  readonly #settings: Settings;
  readonly #folder: StateFolder;
  readonly #board: StatusBoard;
  readonly #log: LogRing;
  readonly #supervisor: Supervisor;
  readonly #openclawVersion: string;
  readonly #limits: ArchiveLimits;
  #busyWith: 'restore' | 'snapshot' | null = null;
  #last: SnapshotResult | null = null;
  #inventory: Inventory | null = null;

  constructor(options: {
    settings: Settings;
    folder: StateFolder;
    board: StatusBoard;
    log: LogRing;
    supervisor: Supervisor;
    openclawVersion: string;
  }) {
    this.#settings = options.settings;
    this.#folder = options.folder;
    this.#board = options.board;
    this.#log = options.log;
    this.#supervisor = options.supervisor;
    this.#openclawVersion = options.openclawVersion;
    this.#limits = archiveLimits(options.settings.stateLimitBytes);
  }

  /** The outcome of the last snapshot whose body has ended, or null. */
  get last(): SnapshotResult | null {
    return this.#last;
  }

  /** What the last snapshot holds, once its body has ended. */
  get inventory(): Inventory | null {
    return this.#last?.ok === true ? this.#inventory : null;
  }

  /** @throws Problem `busy` when the state is being replaced right now */
  assertNotRestoring(): void {
    if (this.#busyWith === 'restore') throw new Problem('busy', 'The state is being restored; go on when it is done.');
  }

  /** @throws Problem `busy` or `not_found` when there is no state to put a file into */
  assertPresent(): void {
    this.assertNotRestoring();
    if (!this.#folder.present) throw new Problem('not_found', 'There is no state here.');
  }

  /**
   * Makes the state from the archive in the request's body. Only where there is none yet: a request that was given up long
   * ago may arrive late, when a gateway has worked here and nothing has saved that.
   */
  async restore(request: http.IncomingMessage, expected: z.infer<typeof stateQuerySchema>): Promise<RestoreResult> {
    if (this.#supervisor.active || this.#folder.present) {
      throw new Problem('gateway_running', 'There is a state here already; a restore needs a fresh container.');
    }
    this.#begin('restore');
    this.#board.forgetSteps('restore');
    this.#board.clearFailure();
    this.#board.enter('restoring');
    try {
      // An end of the unpacking must not take the connection along, over which the refusal is told.
      const body = Readable.from(request.iterator({ destroyOnReturn: false }));
      const result = await this.#board.step('restore', () => this.#folder.replace(body, expected, this.#limits));
      this.#board.restoredState(result);
      this.#board.enter('idle');
      return result;
    } catch (error) {
      const problem = toRestoreProblem(error);
      this.#log.add('keeper', `restore failed: ${describeError(error)}`);
      this.#board.fail('failed', {
        code: problem.code === 'disk_full' ? 'disk_full' : 'restore_failed',
        message: problem.message,
        logTail: this.#log.tail(logTailLines),
      });
      throw problem;
    } finally {
      this.#busyWith = null;
    }
  }

  /**
   * Makes the state from an archive that the tenant brought. Only where there is none yet: what would be replaced is not
   * this run's to keep.
   */
  async import(request: http.IncomingMessage): Promise<ImportReport> {
    if (this.#supervisor.active || this.#folder.present) {
      throw new Problem('gateway_running', 'There is a state here already; an import needs a fresh container.');
    }
    this.#begin('restore');
    this.#board.forgetSteps('restore');
    this.#board.clearFailure();
    this.#board.enter('restoring');
    try {
      const body = Readable.from(request.iterator({ destroyOnReturn: false }));
      const openclawVersion = this.#openclawVersion;
      const { stateDir } = this.#settings;
      const report = await this.#board.step('restore', () =>
        this.#folder.create(
          async (rawDir, targetDir) =>
            convert(await unpackForeign(body, rawDir, this.#limits), { rawDir, targetDir, stateDir, openclawVersion }),
          // Our own exports are of a version whose gateway migrates by itself.
          ({ shape }) => (shape === 'tidepool' ? Promise.resolve() : runDoctor(this.#settings)),
        ),
      );
      this.#board.restoredState({ files: report.taken.files, bytes: report.taken.bytes });
      this.#board.enter('idle');
      return report;
    } catch (error) {
      const problem = toRestoreProblem(error);
      this.#log.add('keeper', `import failed: ${describeError(error)}`);
      this.#board.enter('idle');
      throw problem;
    } finally {
      this.#busyWith = null;
    }
  }

  /** Streams the present state as the response's body. An error after the first byte cuts the connection. */
  async snapshot(response: http.ServerResponse): Promise<void> {
    this.#begin('snapshot');
    this.#last = null;
    try {
      response.setHeader('content-type', 'application/zstd');
      response.setHeader('cache-control', 'no-store');
      await packState(
        {
          stateDir: this.#settings.stateDir,
          stagingParent: this.#settings.tmpDir,
          limits: this.#limits,
          openclawVersion: this.#openclawVersion,
          nowMs: Date.now(),
        },
        response,
        (packed, inventory) => {
          this.#inventory = inventory;
          this.#last = { ok: true, error: null, ...packed };
        },
      );
    } catch (error) {
      const message = describeError(error);
      this.#log.add('keeper', `snapshot failed: ${message}`);
      this.#last = { ok: false, bytes: 0, sha256: '', files: 0, uncompressedBytes: 0, error: message };
      throw error;
    } finally {
      this.#busyWith = null;
    }
  }

  #begin(work: 'restore' | 'snapshot'): void {
    if (this.#busyWith !== null) throw new Problem('busy', `A ${this.#busyWith} is under way; one at a time.`);
    this.#busyWith = work;
  }
}

function toRestoreProblem(error: unknown): Problem {
  if (error instanceof ArchiveRefused) {
    return new Problem('archive_refused', `The archive is refused: ${error.message}.`, { cause: error });
  }
  if (['ENOSPC', 'EDQUOT'].includes(systemErrorCode(error) ?? '')) {
    return new Problem('disk_full', 'The disk has no room for the restored state.', { cause: error });
  }
  return new Problem('internal', `The restore failed: ${describeError(error)}`, { cause: error });
}

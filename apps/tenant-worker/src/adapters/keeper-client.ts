/**
 * Speaks the keeper's HTTP contract over the container's port. One answer per call, parsed; a keeper that is not
 * listening yet rejects. The claim token goes with every call but never into a log or an error.
 */
import { checkResultSchema, keeperStatusSchema, snapshotResultSchema } from '../../../../container/keeper/contract.ts';
import type {
  CheckRequest,
  CheckResult,
  KeeperStatus,
  SnapshotResult,
  StartRequest,
  UsersRequest,
} from '../../../../container/keeper/contract.ts';
import { putResultSchema } from '../../../../container/keeper/files/put-contract.ts';
import type { PutQuery, PutResult, UndoRequest } from '../../../../container/keeper/files/put-contract.ts';
import { pairingListSchema } from '../../../../container/keeper/pairing-contract.ts';
import type { PairingList, PairingRequest } from '../../../../container/keeper/pairing-contract.ts';
import { inventoryBytesMax, inventorySchema } from '../../../../container/keeper/inventory-contract.ts';
import type { Inventory } from '../../../../container/keeper/inventory-contract.ts';
import { ImportReport } from '../../../control-plane/src/contract/imports.ts';

/** 600 rows of bounded words. */
const pairingBytesMax = 2 * 1024 * 1024;

export interface HttpPort {
  fetch(url: string, init: RequestInit): Promise<Response>;
}

/** The keeper refused: its code, for the caller's choice, and its words, for the log. */
export class KeeperRefusal extends Error {
  readonly status: number;
  readonly code: string;
  /** The keeper's own sentence. */
  readonly words: string;

  constructor(status: number, code: string, message: string) {
    super(`keeper: ${status} ${code}: ${message}`);
    this.name = 'KeeperRefusal';
    this.status = status;
    this.code = code;
    this.words = message;
  }
}

async function refusal(response: Response): Promise<KeeperRefusal> {
  const text = (await response.text()).slice(0, 2_000);
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body === 'object' && body !== null && 'code' in body && 'message' in body) {
      return new KeeperRefusal(response.status, String(body.code), String(body.message));
    }
  } catch {
    // Not JSON: the status says enough.
  }
  return new KeeperRefusal(response.status, 'unknown', text.slice(0, 200));
}

export class KeeperClient {
  readonly #port: HttpPort;
  readonly #token: string;

  constructor(port: HttpPort, token: string) {
    this.#port = port;
    this.#token = token;
  }

  async #call(method: string, path: string, init: { body?: BodyInit; json?: unknown } = {}): Promise<Response> {
    const headers: Record<string, string> = { authorization: `Bearer ${this.#token}` };
    if (init.json !== undefined) headers['content-type'] = 'application/json';
    const body = init.json === undefined ? init.body : JSON.stringify(init.json);
    const response = await this.#port.fetch(`http://keeper${path}`, {
      method,
      headers,
      ...(body === undefined ? {} : { body }),
    });
    if (!response.ok) throw await refusal(response);
    return response;
  }

  /** The status, or null when this keeper is not claimed by us yet. */
  async status(): Promise<KeeperStatus | null> {
    try {
      const response = await this.#call('GET', '/v1/status');
      return keeperStatusSchema.parse(await response.json());
    } catch (error) {
      if (error instanceof KeeperRefusal && error.status === 401) return null;
      throw error;
    }
  }

  async claim(tenantId: string, incarnation: number): Promise<void> {
    await discard(await this.#call('POST', '/v1/claim', { json: { token: this.#token, tenantId, incarnation } }));
  }

  /** `bytes` and `sha256` are of the archive as sent. */
  async restore(
    archive: ReadableStream<Uint8Array>,
    facts: { bytes: number; sha256: string },
  ): Promise<{ files: number; bytes: number }> {
    const response = await this.#call('PUT', `/v1/state?sha256=${facts.sha256}&bytes=${facts.bytes}`, {
      body: archive,
    });
    const body: unknown = await response.json();
    if (typeof body !== 'object' || body === null || !('files' in body) || !('bytes' in body))
      throw new Error('keeper: odd restore answer');
    return { files: Number(body.files), bytes: Number(body.bytes) };
  }

  async startGateway(request: StartRequest): Promise<void> {
    await discard(await this.#call('POST', '/v1/gateway/start', { json: request }));
  }

  /** Makes the state from an archive that somebody brought, of any known shape. */
  async importState(archive: ReadableStream<Uint8Array>): Promise<ImportReport> {
    const response = await this.#call('PUT', '/v1/import', { body: archive });
    return ImportReport.parse(await response.json());
  }

  /** One file into the state, while the gateway runs. */
  async putFile(content: ReadableStream<Uint8Array>, { id, path, bytes }: PutQuery): Promise<PutResult> {
    const query = new URLSearchParams({ id, path, bytes: String(bytes) });
    const response = await this.#call('PUT', `/v1/files?${query.toString()}`, { body: content });
    return putResultSchema.parse(await response.json());
  }

  async undoFile(request: UndoRequest): Promise<PutResult> {
    const response = await this.#call('POST', '/v1/files/undo', { json: request });
    return putResultSchema.parse(await response.json());
  }

  async check(request: CheckRequest): Promise<CheckResult> {
    const response = await this.#call('POST', '/v1/gateway/check', { json: request });
    return checkResultSchema.parse(await response.json());
  }

  /** Devices and senders, after one change if there is any. */
  async pairing(request: PairingRequest): Promise<PairingList> {
    const response = await this.#call('POST', '/v1/gateway/pairing', { json: request });
    return pairingListSchema.parse(JSON.parse(await boundedText(response, pairingBytesMax)));
  }

  async changeUsers(request: UsersRequest): Promise<void> {
    await discard(await this.#call('POST', '/v1/gateway/users', { json: request }));
  }

  async stopGateway(graceMs: number): Promise<void> {
    await discard(await this.#call('POST', '/v1/gateway/stop', { json: { graceMs, mode: 'drain' } }));
  }

  async snapshot(): Promise<ReadableStream<Uint8Array>> {
    const response = await this.#call('GET', '/v1/snapshot');
    if (response.body === null) throw new Error('keeper: a snapshot without a body');
    return response.body;
  }

  /** What the last snapshot holds, or null from a keeper that makes no inventories. */
  async inventory(): Promise<Inventory | null> {
    try {
      const response = await this.#call('GET', '/v1/snapshot/inventory');
      return inventorySchema.parse(JSON.parse(await boundedText(response, inventoryBytesMax)));
    } catch (error) {
      if (error instanceof KeeperRefusal && error.status === 404) return null;
      throw error;
    }
  }

  async lastSnapshot(): Promise<SnapshotResult> {
    const response = await this.#call('GET', '/v1/snapshot/last');
    return snapshotResultSchema.parse(await response.json());
  }
}

/** @throws when the body is longer: it is read no further */
async function boundedText(response: Response, bytesMax: number): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > bytesMax) throw new Error(`keeper: an answer of more than ${bytesMax} bytes`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

async function discard(response: Response): Promise<void> {
  await response.body?.cancel();
}

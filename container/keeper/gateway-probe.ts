/**
 * Asks the gateway's own health endpoints. Bodies are checked, because OpenClaw answers unknown paths with its page and 200.
 */
import http from 'node:http';
import net from 'node:net';

/** A boot blocks the gateway's event loop for a second or two at a time. */
const probeTimeoutMs = 10_000;
const bodyBytesMax = 64 * 1024;

/** Not the global agent: that one may go through the egress proxy. */
const agent = new http.Agent({ keepAlive: false });

/** @returns the JSON object the endpoint answered, whatever its status, or null when there was no such answer */
async function askHealth(port: number, path: string): Promise<Record<string, unknown> | null> {
  const body = await new Promise<string | null>((resolve) => {
    const request = http.get({ host: '127.0.0.1', port, path, agent, timeout: probeTimeoutMs }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
        if (text.length > bodyBytesMax) request.destroy();
      });
      response.on('end', () => resolve(text));
      response.on('error', () => resolve(null));
      response.on('close', () => resolve(null));
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(null));
  });
  if (body === null) return null;
  try {
    const parsed: unknown = JSON.parse(body);
    return typeof parsed === 'object' && parsed !== null ? { ...parsed } : null;
  } catch {
    return null;
  }
}

/** The HTTP server is up. Connections are still refused as "starting" by then. */
export async function isLive(port: number): Promise<boolean> {
  const answer = await askHealth(port, '/healthz');
  return answer?.['status'] === 'live';
}

/** Connections are accepted: the last sidecar is up. */
export async function isReady(port: number): Promise<boolean> {
  const answer = await askHealth(port, '/readyz');
  return answer?.['ready'] === true;
}

/** Whether this port can still be listened on. */
export async function portIsFree(port: number): Promise<boolean> {
  const server = net.createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen({ port, host: '0.0.0.0', exclusive: true }, () => server.close(() => resolve(true)));
  });
}

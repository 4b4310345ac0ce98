/**
 * The upstream stand-in as a process of its own, so that nothing that happens to the product happens to its log:
 * `node test/load/upstream/main.ts <log file>` listens on a free loopback port and prints `{"port":…}`.
 */
import { createServer } from 'node:http';
import { CallLog } from './call-log.ts';
import { handleUpstream, type UpstreamState } from './serve.ts';

const [file] = process.argv.slice(2);
if (file === undefined) throw new Error('a log file is wanted');
const state: UpstreamState = { log: new CallLog(file), calls: new Map() };
const server = createServer((request, response) => {
  handleUpstream(state, request, response).catch(() => response.destroy());
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (typeof address === 'object' && address !== null) console.log(JSON.stringify({ port: address.port }));
});
// Whoever started it holds its input open; when that ends, so does this.
process.stdin.once('end', () => process.exit(0)).resume();

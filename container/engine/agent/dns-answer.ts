// Answers one DNS query (RFC 1035) from a name table: A records only, every other type is an empty answer.
// Pure: bytes in, bytes out; undefined for anything that is not a single well-formed question.

const TYPE_A = 1;
const CLASS_IN = 1;
const TTL_S = 30;
const QUERY_BYTES_MAX = 512;

/** One question; answers, authorities and additional records. */
const COUNTS = { empty: [0, 1, 0, 0, 0, 0, 0, 0], one: [0, 1, 0, 1, 0, 0, 0, 0] } as const;

export function answerQuery(
  query: Uint8Array,
  addressOf: (name: string) => string | undefined,
): Uint8Array | undefined {
  if (query.length < 17 || query.length > QUERY_BYTES_MAX) return undefined;
  const view = new DataView(query.buffer, query.byteOffset, query.byteLength);
  const isQuestion = (view.getUint16(2) & 0xf800) === 0;
  if (!isQuestion || view.getUint16(4) !== 1) return undefined;
  const question = readQuestion(query);
  if (question === undefined) return undefined;
  const type = view.getUint16(question.end - 4);
  const isInternet = view.getUint16(question.end - 2) === CLASS_IN;
  const address = type === TYPE_A && isInternet ? addressOf(question.name) : undefined;
  const answer =
    address === undefined ? [] : [0xc0, 12, 0, TYPE_A, 0, CLASS_IN, 0, 0, 0, TTL_S, 0, 4, ...octets(address)];
  return Uint8Array.from([
    ...query.subarray(0, 2),
    // A response, recursion as asked and available, no error.
    0x80 | (view.getUint8(2) & 0x01),
    0x80,
    ...COUNTS[address === undefined ? 'empty' : 'one'],
    ...query.subarray(12, question.end),
    ...answer,
  ]);
}

function readQuestion(query: Uint8Array): { name: string; end: number } | undefined {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at] ?? 0; length !== 0; length = query[at] ?? 0) {
    if (length > 63 || at + 1 + length >= query.length) return undefined;
    labels.push(String.fromCharCode(...query.subarray(at + 1, at + 1 + length)));
    at += 1 + length;
  }
  const end = at + 5;
  if (end > query.length) return undefined;
  return { name: labels.join('.').toLowerCase(), end };
}

function octets(address: string): number[] {
  return address.split('.').map(Number);
}

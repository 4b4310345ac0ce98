// The handful of DER encodings an X.509 certificate needs. Pure: bytes in, bytes out.

/** Tag, length, content. */
export function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([tag]), lengthOf(content.length), content]);
}

export const derSequence = (...parts: readonly Buffer[]): Buffer => der(0x30, ...parts);
export const derSet = (...parts: readonly Buffer[]): Buffer => der(0x31, ...parts);
export const derBoolean = (value: boolean): Buffer => der(0x01, Buffer.from([value ? 0xff : 0x00]));
export const derOctets = (content: Buffer): Buffer => der(0x04, content);
export const derUtf8 = (text: string): Buffer => der(0x0c, Buffer.from(text, 'utf8'));

/** A non-negative integer from its big-endian bytes; a leading zero keeps it positive. */
export function derInteger(bytes: Buffer): Buffer {
  return der(0x02, (bytes[0] ?? 0) & 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes);
}

/** A bit string whose length is a whole number of bytes. */
export const derBits = (content: Buffer): Buffer => der(0x03, Buffer.from([0]), content);

/** GeneralizedTime in UTC, whole seconds. */
export function derTime(date: Date): Buffer {
  return der(0x18, Buffer.from(`${date.toISOString().replaceAll(/[-:T]/g, '').slice(0, 14)}Z`, 'ascii'));
}

/** An object identifier from its dotted form, e.g. "2.5.29.17". */
export function derOid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const bytes = [first * 40 + second];
  for (const arc of rest) {
    const groups = [arc & 0x7f];
    for (let left = arc >>> 7; left > 0; left >>>= 7) groups.unshift((left & 0x7f) | 0x80);
    bytes.push(...groups);
  }
  return der(0x06, Buffer.from(bytes));
}

function lengthOf(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  const bytes: number[] = [];
  for (let left = length; left > 0; left >>>= 8) bytes.unshift(left & 0xff);
  return Buffer.from([0x80 | bytes.length, ...bytes]);
}

import { describe, expect, it } from 'vitest';
import { seccompFilter } from './seccomp.ts';

/** Runs the filter as the kernel would, over the two fields it looks at. */
function verdict(filter: Buffer, audit: number, call: number): 'allow' | 'refuse' {
  let accumulator = 0;
  for (let at = 0; at < filter.length / 8; at += 1) {
    const code = filter.readUInt16LE(at * 8);
    const [ifTrue = 0, ifFalse = 0] = filter.subarray(at * 8 + 2, at * 8 + 4);
    const value = filter.readUInt32LE(at * 8 + 4);
    if (code === 0x20) accumulator = value === 4 ? audit : call;
    else if (code === 0x15) at += accumulator === value ? ifTrue : ifFalse;
    else if (code === 0x35) at += accumulator >= value ? ifTrue : ifFalse;
    else if (code === 0x06) return value === 0x7fff0000 ? 'allow' : 'refuse';
    else throw new Error(`unknown instruction ${code}`);
  }
  throw new Error('the filter has no end');
}

describe.each([
  ['x64', 0xc000003e, [250, 248, 321, 425], [0, 1, 41, 56, 59, 247, 251, 435]],
  ['arm64', 0xc00000b7, [219, 217, 280, 425], [56, 63, 64, 198, 220, 221, 435]],
] as const)('the filter for %s', (arch, audit, refused, allowed) => {
  const filter = seccompFilter(arch) ?? Buffer.alloc(0);

  it('refuses its list and allows the rest', () => {
    for (const call of refused) expect(verdict(filter, audit, call), String(call)).toBe('refuse');
    for (const call of allowed) expect(verdict(filter, audit, call), String(call)).toBe('allow');
  });

  it('refuses every call of another machine', () => {
    for (const call of allowed) expect(verdict(filter, 0x40000003, call)).toBe('refuse');
  });
});

it('refuses x32 numbers, which would get around the list', () => {
  expect(verdict(seccompFilter('x64') ?? Buffer.alloc(0), 0xc000003e, 0x40000000 + 1)).toBe('refuse');
});

it('knows no other machine', () => {
  expect(seccompFilter('riscv64')).toBeUndefined();
});

import { describe, expect, it } from 'vitest';
import { CONTAINER_ADDRESS, NameTable } from './addresses.ts';

describe('NameTable', () => {
  it('gives each name one address and finds the name again', () => {
    const table = new NameTable();
    const first = table.assign('a.example');
    expect(first).toBe('11.0.1.0');
    expect(table.assign('b.example')).toBe('11.0.1.1');
    expect(table.assign('a.example')).toBe(first);
    expect(table.nameOf('11.0.1.1')).toBe('b.example');
    expect(table.nameOf(CONTAINER_ADDRESS)).toBeUndefined();
  });

  it('forgets the least recently asked name and never gives its address to another', () => {
    const table = new NameTable();
    const first = table.assign('first') ?? '';
    const second = table.assign('second') ?? '';
    const given = new Set([first, second]);
    for (let i = 0; i < 8_191; i += 1) {
      table.assign('first');
      given.add(table.assign(`n${i}`) ?? '');
    }
    expect(given.size).toBe(8_193);
    expect(table.nameOf(first)).toBe('first');
    expect(table.nameOf(second)).toBeUndefined();
    expect(table.assign('second')).not.toBe(second);
  });
});

import { describe, expect, it } from 'vitest';
import { isPublicAddress, PLACEHOLDER_ADDRESS, publicAddressOf } from './public-address.ts';

describe('isPublicAddress', () => {
  it.each([
    '127.0.0.1',
    '0.0.0.0',
    '10.1.2.3',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '198.18.0.1',
    '::1',
    'localhost',
    '',
  ])('refuses %s', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });
  it.each(['1.1.1.1', '172.32.0.1', '11.0.0.1', '100.128.0.1', '223.255.255.255'])('takes %s', (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });
});

it('never names this machine, whatever a name resolves to', async () => {
  for (const host of ['127.0.0.1', '169.254.169.254', 'localhost'])
    expect(await publicAddressOf(host)).toBe(PLACEHOLDER_ADDRESS);
  expect(await publicAddressOf('1.1.1.1')).toBe('1.1.1.1');
});

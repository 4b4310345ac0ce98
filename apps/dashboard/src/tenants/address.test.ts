import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseSlug } from '../../../control-plane/src/contract/slug.ts';
import { addressPreview, slugWhileTyping, suggestSlug } from './address.ts';

describe('the suggested address', () => {
  it.each([
    ['Nora', 'nora'],
    ['Harbour desk', 'harbour-desk'],
    ['Ängström & Søn', 'angstrom-s-n'],
    ['Admin', 'admin-k2p9'],
    ['Öß', 'assistant-k2p9'],
    ['42', '42-k2p9'],
    ['OpenClaw', 'assistant-k2p9'],
    ['日本', 'assistant-k2p9'],
  ])('for %j is %s', (name, slug) => {
    expect(suggestSlug(name, 'k2p9')).toBe(slug);
  });

  it('is an address the server takes, for any name', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 60 }), (name) => {
        expect(parseSlug(suggestSlug(name, 'k2p9')).ok).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('typing an address', () => {
  it('means lower case and hyphens, and nothing an address can’t hold', () => {
    expect(slugWhileTyping('My Pool_1 é')).toBe('my-pool-1-');
    expect(slugWhileTyping('a'.repeat(60))).toHaveLength(40);
  });
});

describe('the preview of the full address', () => {
  it('follows the assistants that exist', () => {
    const sample = { slug: 'nora', origin: 'https://nora.pools.example' };
    expect(addressPreview('harbour', sample, 'https://app.example')).toBe('https://harbour.pools.example');
  });
  it('is known on localhost before the first', () => {
    expect(addressPreview('nora', undefined, 'http://localhost:8787')).toBe('http://nora.localhost:8787');
  });
  it('is not guessed elsewhere', () => {
    expect(addressPreview('nora', undefined, 'https://app.example')).toBeNull();
  });
});

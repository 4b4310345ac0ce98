/** Whether an address can be had: its form is judged here at once, the rest by the server when typing pauses. */
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { parseSlug } from '../../../control-plane/src/contract/slug.ts';
import { call } from '../api/client.ts';
import { toFailure } from '../api/errors.ts';

const debounceMs = 300;

export type SlugCheck =
  | { readonly kind: 'empty' }
  | { readonly kind: 'checking' }
  | { readonly kind: 'free' }
  | { readonly kind: 'refused'; readonly reason: string; readonly suggestion: string | null }
  | { readonly kind: 'unknown'; readonly reason: string };

export function useSlugCheck(slug: string): SlugCheck {
  const [settled, setSettled] = useState(slug);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(slug), debounceMs);
    return () => clearTimeout(timer);
  }, [slug]);
  const parsed = parseSlug(slug);
  const waiting = settled !== slug;
  const { data, error } = useQuery({
    queryKey: ['slug', settled],
    queryFn: ({ signal }) => call('slugRead', { params: { slug: settled }, signal }),
    enabled: !waiting && settled !== '',
    staleTime: 10_000,
  });
  if (slug === '') return { kind: 'empty' };
  if (waiting)
    return parsed.ok ? { kind: 'checking' } : { kind: 'refused', reason: parsed.error.detail, suggestion: null };
  if (data !== undefined) {
    if (data.available) return { kind: 'free' };
    return { kind: 'refused', reason: data.detail ?? 'This address cannot be had.', suggestion: data.suggestion };
  }
  if (!parsed.ok) return { kind: 'refused', reason: parsed.error.detail, suggestion: null };
  if (error !== null) return { kind: 'unknown', reason: toFailure(error).detail };
  return { kind: 'checking' };
}

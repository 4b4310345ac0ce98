/** The text of one dollar field in a form: what it means, and what is wrong with it once somebody has left it. */
import { useState } from 'react';
import { type ParsedUsd, usdFieldText } from './usd-text.ts';

interface UsdText<Amount extends number | null> {
  readonly parsed: ParsedUsd<Amount>;
  /** Shows what is wrong also in a field that nobody was in: for a form that was sent. */
  readonly judge: () => void;
  readonly field: {
    readonly text: string;
    readonly error: string | null;
    readonly onText: (text: string) => void;
    readonly onLeave: () => void;
  };
}

export function useUsdText<Amount extends number | null>(
  kept: number | null,
  parse: (text: string) => ParsedUsd<Amount>,
): UsdText<Amount> {
  const [text, setText] = useState(() => usdFieldText(kept));
  const [judged, setJudged] = useState(false);
  const parsed = parse(text);
  const judge = (): void => setJudged(true);
  const error = judged && !parsed.ok ? parsed.reason : null;
  return { parsed, judge, field: { text, error, onText: setText, onLeave: judge } };
}

import { expect, test } from 'vitest';
import { errorCodes } from '../contract/errors.ts';
import { errorsMarkdown } from './error-docs.ts';

test('docs/errors.md is what the code says (vitest -u writes it)', async () => {
  await expect(errorsMarkdown()).toMatchFileSnapshot('../../../../docs/errors.md');
});

test('every code has its section, once', () => {
  const headings = [...errorsMarkdown().matchAll(/^## (\w+)$/gm)].map(([, code]) => code);
  expect(headings).toEqual(errorCodes);
});

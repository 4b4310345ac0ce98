/** Which rule decides on an address. The server asks the very function that decides on traffic; nothing is sent. */
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import type { EgressEffect } from '../../../control-plane/src/contract/egress.ts';
import { call } from '../api/client.ts';
import { toFailure } from '../api/errors.ts';
import { Button } from '../ui/button.tsx';
import { Field } from '../ui/field.tsx';
import { FailureNotice } from '../ui/notice.tsx';

const words: Record<EgressEffect, string> = {
  allow: 'It may',
  inject: 'It may, and a secret is added',
  ask: 'Not yet: it asks you',
  deny: 'It may not',
};

export function TestBox({ tenantId }: { tenantId: string }) {
  const [url, setUrl] = useState('');
  const test = useMutation({
    mutationFn: (address: string) => call('networkTest', { params: { tenantId }, body: { url: address } }),
  });
  const trimmed = url.trim();
  return (
    <section aria-labelledby="test-title" className="flex max-w-3xl flex-col gap-3">
      <h2 id="test-title" className="text-xl font-semibold tracking-tight">
        May it read …?
      </h2>
      <form
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (trimmed !== '') test.mutate(trimmed.includes('://') ? trimmed : `https://${trimmed}`);
        }}
      >
        <Field
          label="Address"
          value={url}
          onChange={({ target }) => setUrl(target.value)}
          placeholder="https://example.com/page"
          autoCapitalize="none"
          spellCheck={false}
          maxLength={1_900}
          hint="Nothing is sent there."
        />
        <div>
          <Button
            type="submit"
            busy={test.isPending}
            disabledReason={trimmed === '' ? 'Write an address first.' : undefined}
          >
            Ask
          </Button>
        </div>
      </form>
      <div role="status">
        {test.data === undefined ? null : (
          <p className="text-sm">
            <strong className="font-semibold">{words[test.data.effect]}.</strong> {test.data.detail}{' '}
            <span className="text-soft">
              Decided by <code className="font-mono break-all">{test.data.rule}</code>
            </span>
          </p>
        )}
      </div>
      {test.isError ? <FailureNotice failure={toFailure(test.error)} /> : null}
    </section>
  );
}

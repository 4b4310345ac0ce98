/** Name an assistant and choose its address; then straight to its page, where the work shows. */
import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query';
import { createFileRoute, Link, useNavigate } from '@tanstack/react-router';
import { Check, LoaderCircle } from 'lucide-react';
import { useId, useRef, useState } from 'react';
import { call } from '../../api/client.ts';
import { toFailure } from '../../api/errors.ts';
import { keys, roleMay, tenantsQuery } from '../../api/queries.ts';
import { addressPreview, slugWhileTyping, suggestSlug } from '../../tenants/address.ts';
import { Pool } from '../../tenants/state.tsx';
import { hostOf } from '../../tenants/tenant-card.tsx';
import { type SlugCheck, useSlugCheck } from '../../tenants/use-slug-check.ts';
import { Button, buttonClass } from '../../ui/button.tsx';
import { Field } from '../../ui/field.tsx';
import { FailureNotice } from '../../ui/notice.tsx';
import { PageTitle } from '../../ui/page-title.tsx';

export const Route = createFileRoute('/_app/new')({ component: NewAssistant });

function NewAssistant() {
  const { org } = Route.useRouteContext();
  const navigate = useNavigate();
  const queryClient = useQueryClient();
  const { data: list } = useInfiniteQuery(tenantsQuery(org.id));
  const [suffix] = useState(() => randomSuffix());
  const [name, setName] = useState('');
  const [typedSlug, setTypedSlug] = useState<string | null>(null);
  const slug = typedSlug ?? (name.trim() === '' ? '' : suggestSlug(name, suffix));
  const check = useSlugCheck(slug);
  // One key per intent: the same name and address sent again is the same request.
  const intent = useRef({ of: '', key: '' });
  const create = useMutation({
    mutationFn: () => {
      const of = `${name}\n${slug}`;
      if (intent.current.of !== of) intent.current = { of, key: crypto.randomUUID() };
      return call('tenantCreate', {
        params: { orgId: org.id },
        body: { name: name.trim(), slug },
        idempotencyKey: intent.current.key,
      });
    },
    onSuccess: async ({ tenant, operation }) => {
      queryClient.setQueryData(keys.tenant(tenant.id), { ...tenant, operation });
      void queryClient.invalidateQueries({ queryKey: keys.tenants(org.id) });
      await navigate({ to: '/a/$tenantId', params: { tenantId: tenant.id } });
    },
  });
  const may = roleMay(org.role, 'tenant:create');
  const sample = list?.pages[0]?.items[0];
  const preview = slug === '' ? null : addressPreview(slug, sample, window.location.origin);
  const blocked = !may.allowed ? may.reason : undefined;
  return (
    <>
      <PageTitle tab="New assistant">New assistant</PageTitle>
      <div className="mt-8 grid gap-x-16 gap-y-10 md:grid-cols-[minmax(0,30rem)_minmax(0,1fr)]">
        <form
          className="flex flex-col gap-6"
          onSubmit={(event) => {
            event.preventDefault();
            if (create.isPending || create.isSuccess || blocked !== undefined) return;
            if (check.kind === 'refused' || check.kind === 'empty') {
              event.currentTarget.querySelector<HTMLInputElement>('input[name="slug"]')?.focus();
              return;
            }
            create.mutate();
          }}
        >
          {create.isError ? <FailureNotice failure={toFailure(create.error)} onRetry={() => create.mutate()} /> : null}
          <Field
            label="Name"
            name="name"
            value={name}
            onChange={(event) => setName(event.target.value)}
            required
            maxLength={60}
            autoComplete="off"
            placeholder="Nora"
            hint="What you call it. You can change this later."
          />
          <div className="flex flex-col gap-2">
            <Field
              label="Address"
              name="slug"
              value={slug}
              onChange={(event) => {
                const next = slugWhileTyping(event.target.value);
                setTypedSlug(next === '' ? null : next);
              }}
              required
              autoComplete="off"
              autoCapitalize="none"
              spellCheck={false}
              maxLength={60}
              mono
              error={check.kind === 'refused' ? check.reason : null}
              after={<CheckMark check={check} />}
              hint={
                preview === null ? (
                  'Permanent: an address is never given to anybody else.'
                ) : (
                  <>
                    <span className="font-medium break-all text-ink">{hostOf(preview)}</span> is permanent and never
                    given to anybody else.
                  </>
                )
              }
            />
            <SlugHelp check={check} slug={slug} onTake={setTypedSlug} />
          </div>
          <div className="flex flex-wrap gap-2">
            <Button kind="primary" type="submit" busy={create.isPending || create.isSuccess} disabledReason={blocked}>
              Create assistant
            </Button>
            <Link to="/" className={buttonClass('plain')}>
              Cancel
            </Link>
          </div>
        </form>
        <Preview
          name={name}
          address={preview === null ? slug : hostOf(preview)}
          level={check.kind === 'free' ? 'provisioning' : 'absent'}
        />
      </div>
    </>
  );
}

/** How it will look in the list. Decoration: the form says the same. */
function Preview({ name, address, level }: { name: string; address: string; level: 'absent' | 'provisioning' }) {
  return (
    <div
      aria-hidden
      className="flex flex-col items-center gap-5 self-start rounded-lg border border-dashed border-edge/50 px-6 py-12 text-center max-md:hidden"
    >
      <Pool state={level} size={132} />
      <div className="w-full">
        <p className={`truncate text-xl font-semibold tracking-tight ${name.trim() === '' ? 'text-soft' : ''}`}>
          {name.trim() === '' ? 'Your assistant' : name}
        </p>
        <p className="mt-0.5 min-h-6 truncate text-soft">{address}</p>
      </div>
    </div>
  );
}

function CheckMark({ check }: { check: SlugCheck }) {
  if (check.kind === 'checking')
    return <LoaderCircle size={17} aria-hidden className="mr-3 animate-spin text-soft motion-reduce:animate-none" />;
  if (check.kind === 'free') return <Check size={17} aria-hidden className="mr-3 text-tide" />;
  return null;
}

function SlugHelp({ check, slug, onTake }: { check: SlugCheck; slug: string; onTake: (slug: string) => void }) {
  const id = useId();
  const words =
    check.kind === 'free'
      ? `${slug} is free`
      : check.kind === 'unknown'
        ? `Not checked: ${check.reason} You can go on.`
        : '';
  const suggestion = check.kind === 'refused' ? check.suggestion : null;
  return (
    <>
      <p id={id} role="status" className={check.kind === 'unknown' ? 'text-sm text-soft' : 'sr-only'}>
        {words}
      </p>
      {suggestion === null ? null : (
        <p className="text-sm">
          <button type="button" className="link min-h-8 font-semibold" onClick={() => onTake(suggestion)}>
            Use {suggestion} instead
          </button>
        </p>
      )}
    </>
  );
}

/** Four characters that are never only digits and hold nothing that looks alike. */
function randomSuffix(): string {
  const letters = 'abcdefghjkmnpqrtuvwxyz';
  const all = `${letters}2346789`;
  const bytes = crypto.getRandomValues(new Uint8Array(4));
  return Array.from(bytes, (byte, i) => (i === 0 ? letters : all).charAt(byte % (i === 0 ? letters : all).length)).join(
    '',
  );
}

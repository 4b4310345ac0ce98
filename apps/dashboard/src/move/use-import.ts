/**
 * Bringing an OpenClaw: the file that this page holds, and what is done with uploads. What has arrived is the server's to
 * say; the page only remembers which file it is sending, so that a break is gone on from and nothing is sent twice.
 */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import type { Tenant } from '../../../control-plane/src/contract/api.ts';
import type { ImportView } from '../../../control-plane/src/contract/imports.ts';
import { call } from '../api/client.ts';
import { type Failure, toFailure } from '../api/errors.ts';
import { keys } from '../api/queries.ts';
import { showToast } from '../ui/toast.tsx';
import { arrivedBytes, sendParts } from './send-parts.ts';

export interface Sending {
  readonly file: File;
  /** Of the one intent to bring this file: the same key begins the same upload. */
  readonly key: string;
  /** Once the server knows it. */
  readonly importId: string | null;
  readonly arrivedBytes: number;
  /** Why it stopped; null while it goes on. */
  readonly failure: Failure | null;
}

export function useUpload(tenantId: string) {
  const queryClient = useQueryClient();
  const [sending, setSending] = useState<Sending | null>(null);
  const abort = useRef<AbortController | null>(null);
  useEffect(() => () => abort.current?.abort(), []);

  const params = { tenantId };
  const refresh = () => queryClient.invalidateQueries({ queryKey: keys.imports(tenantId) });

  async function go(file: File, key: string): Promise<void> {
    abort.current?.abort();
    const mine = new AbortController();
    abort.current = mine;
    const { signal } = mine;
    const show = (change: Partial<Sending>): void => {
      if (signal.aborted) return;
      setSending((old) => ({ file, key, importId: null, arrivedBytes: 0, ...old, failure: null, ...change }));
    };
    setSending((old) => (old?.key === key ? { ...old, failure: null } : null));
    show({ file, key });
    try {
      const { items } = await call('importList', { params, signal });
      const begun = items.find((each) => isSameFile(each, file));
      const view =
        begun ??
        (await call('importCreate', {
          params,
          body: { fileName: file.name, bytes: file.size },
          idempotencyKey: key,
          signal,
        }));
      show({ importId: view.id, arrivedBytes: arrivedBytes(view) });
      await sendParts(
        file,
        view,
        (n, content) => call('importPart', { params: { tenantId, importId: view.id, part: n }, content, signal }),
        (now) => show({ arrivedBytes: arrivedBytes(now) }),
      );
      await call('importStart', {
        params: { tenantId, importId: view.id },
        idempotencyKey: crypto.randomUUID(),
        signal,
      });
      await refresh();
      if (!signal.aborted) setSending(null);
    } catch (error) {
      if (signal.aborted) return;
      show({ failure: toFailure(error) });
      void refresh();
    }
  }

  return {
    sending,
    choose: (file: File) => void go(file, crypto.randomUUID()),
    retry: () => void (sending === null ? undefined : go(sending.file, sending.key)),
    /** Stops sending; what has arrived stays with the server until it is discarded. */
    stop: () => {
      abort.current?.abort();
      setSending(null);
      void refresh();
    },
  };
}

/** An upload under way that this file would go on with. */
function isSameFile(view: ImportView, file: File): boolean {
  return view.state === 'uploading' && view.fileName === file.name && view.bytes === file.size;
}

export type ImportAction =
  | { readonly kind: 'convert'; readonly importId: string; readonly key: string }
  | { readonly kind: 'switch'; readonly importId: string; readonly key: string }
  | { readonly kind: 'discard'; readonly importId: string };

const done: Record<ImportAction['kind'], string> = {
  convert: 'It is being converted.',
  switch: 'The switch has begun.',
  discard: 'The upload is discarded.',
};

export function useImportAction(tenant: Pick<Tenant, 'id' | 'orgId'>) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: async (action: ImportAction): Promise<void> => {
      const params = { tenantId: tenant.id, importId: action.importId };
      switch (action.kind) {
        case 'convert':
          await call('importStart', { params, idempotencyKey: action.key });
          return;
        case 'switch':
          await call('importApply', { params, idempotencyKey: action.key });
          return;
        case 'discard':
          await call('importRemove', { params });
      }
    },
    onSuccess: (_nothing, action) => showToast({ tone: 'done', text: done[action.kind] }),
    onSettled: () => {
      void queryClient.invalidateQueries({ queryKey: keys.imports(tenant.id) });
      void queryClient.invalidateQueries({ queryKey: keys.tenant(tenant.id) });
      void queryClient.invalidateQueries({ queryKey: keys.tenants(tenant.orgId) });
      void queryClient.invalidateQueries({ queryKey: keys.snapshots(tenant.id) });
    },
  });
}

/** What is under way and what ended last is in front; the rest is the past. */
export function inFront(items: readonly ImportView[]): { front: ImportView[]; earlier: ImportView[] } {
  const last = items.find(
    (view) => view.state === 'ready' || (view.state === 'failed' && view.error?.code !== 'removed'),
  );
  const isFront = (view: ImportView): boolean =>
    view.state === 'uploading' || view.state === 'converting' || view === last;
  return { front: items.filter(isFront), earlier: items.filter((view) => !isFront(view)) };
}

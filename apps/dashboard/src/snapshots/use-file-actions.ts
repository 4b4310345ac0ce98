/** What can be done with single files of a snapshot. Each press is one intent with one key. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { call } from '../api/client.ts';
import { keys } from '../api/queries.ts';
import { showToast } from '../ui/toast.tsx';
import { nameOf } from './file-words.ts';
import { saveFile } from './save-file.ts';

export type FileAction =
  | { readonly kind: 'take'; readonly path: string }
  | { readonly kind: 'put'; readonly path: string; readonly key: string }
  | { readonly kind: 'undo'; readonly path: string; readonly putId: string };

const done: Record<FileAction['kind'], (name: string) => string> = {
  take: (name) => `${name} was downloaded.`,
  put: (name) => `${name} was put back.`,
  undo: (name) => `${name} is as it was before.`,
};

export function useFileAction(tenantId: string, snapshotId: string) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: async (action: FileAction): Promise<void> => {
      const params = { tenantId, snapshotId };
      switch (action.kind) {
        case 'take':
          return saveFile({ ...params, path: action.path });
        case 'put':
          await call('snapshotFilePut', { params, body: { path: action.path }, idempotencyKey: action.key });
          return;
        case 'undo':
          await call('putFileUndo', { params: { tenantId, putId: action.putId } });
      }
    },
    onSuccess: (_nothing, { kind, path }) => showToast({ tone: 'done', text: done[kind](nameOf(path)) }),
    onSettled: (_nothing, _error, { kind }) =>
      kind === 'take' ? undefined : queryClient.invalidateQueries({ queryKey: keys.putFiles(tenantId) }),
  });
}

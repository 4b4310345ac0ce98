/** Restarts an assistant from other settings than are set: Undo to the last that worked, and the way back from it. */
import { Undo2 } from 'lucide-react';
import { useState } from 'react';
import type { OrgRole, Tenant } from '../../../control-plane/src/contract/api.ts';
import { toFailure } from '../api/errors.ts';
import { Button } from '../ui/button.tsx';
import { ConfirmDialog } from '../ui/dialog.tsx';
import { FailureNotice } from '../ui/notice.tsx';
import { reasonAgainst } from './power-actions.tsx';
import { useTenantAction } from './use-tenant-actions.ts';

const words = {
  last_good: {
    label: 'Undo to the last good config',
    confirm: 'Restart from the last good config',
    text: 'It restarts from the last settings it got ready with. The present ones are kept beside, so this can be undone; its memory is not touched.',
  },
  refused: {
    label: 'Use the refused settings again',
    confirm: 'Restart with those settings',
    text: 'It restarts from the settings that were set aside. If OpenClaw refuses them again, the last good ones come back by themselves.',
  },
} as const;

interface SettingsUndoProps {
  readonly tenant: Tenant;
  readonly role: OrgRole;
  readonly settings: keyof typeof words;
}

export function SettingsUndo({ tenant, role, settings }: SettingsUndoProps) {
  const act = useTenantAction(tenant);
  const [asking, setAsking] = useState(false);
  const { label, confirm, text } = words[settings];
  return (
    <div className="mt-3 flex flex-col items-start gap-3">
      <Button
        icon={<Undo2 size={16} aria-hidden />}
        busy={act.isPending}
        disabledReason={reasonAgainst('restart', tenant, role)}
        onClick={() => setAsking(true)}
      >
        {label}
      </Button>
      {act.isError ? <FailureNotice failure={toFailure(act.error)} onRetry={() => act.mutate(act.variables)} /> : null}
      <ConfirmDialog
        open={asking}
        title={`${label}?`}
        confirmLabel={confirm}
        onClose={() => setAsking(false)}
        onConfirm={() => {
          setAsking(false);
          act.mutate({ action: 'restart', key: crypto.randomUUID(), settings });
        }}
      >
        {text}
      </ConfirmDialog>
    </div>
  );
}

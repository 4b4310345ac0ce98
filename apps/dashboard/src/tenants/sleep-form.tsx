/** When an assistant sleeps: its idle limit, and keeping it awake. Each says what it costs before it is sent. */
import { useState } from 'react';
import type { Tenant } from '../../../control-plane/src/contract/api.ts';
import { toFailure } from '../api/errors.ts';
import { Button } from '../ui/button.tsx';
import { FailureNotice } from '../ui/notice.tsx';
import { SelectField } from '../ui/select-field.tsx';
import { useTenantUpdate } from './use-tenant-update.ts';

const minuteMs = 60_000;
/** What people choose from; another value that was set by the API is shown as it is. */
const limitsMin = [1, 5, 15, 30, 60, 240, 1440] as const;

function limitText(minutes: number): string {
  if (minutes < 60) return minutes === 1 ? '1 minute' : `${minutes} minutes`;
  const hours = minutes / 60;
  return hours === 1 ? '1 hour' : `${hours} hours`;
}

export function SleepForm({ tenant, reason }: { tenant: Tenant; reason: string | undefined }) {
  const [idleSleepMs, setIdleSleepMs] = useState(tenant.idleSleepMs);
  const [keepAwake, setKeepAwake] = useState(tenant.keepAwake);
  const save = useTenantUpdate(tenant, 'Saved.');
  const same = idleSleepMs === tenant.idleSleepMs && keepAwake === tenant.keepAwake;
  const choices = [...new Set([...limitsMin.map((minutes) => minutes * minuteMs), tenant.idleSleepMs])].sort(
    (a, b) => a - b,
  );
  return (
    <form
      className="flex flex-col gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        if (!same && !save.isPending) save.mutate({ idleSleepMs, keepAwake });
      }}
    >
      <SelectField
        label="Sleeps when unused for"
        value={String(idleSleepMs)}
        disabled={reason !== undefined || keepAwake}
        options={choices.map((ms) => [String(ms), limitText(Math.round(ms / minuteMs))])}
        hint="It wakes for its own reminders and schedules, and when you open it."
        onChoose={(ms) => setIdleSleepMs(Number(ms))}
      />
      <label className="flex items-start gap-3 text-sm">
        <input
          type="checkbox"
          checked={keepAwake}
          disabled={reason !== undefined}
          onChange={(event) => setKeepAwake(event.target.checked)}
          className="mt-0.5 size-5 shrink-0 accent-tide"
        />
        <span>
          <span className="font-semibold">Keep it awake</span>
          <span className="block text-soft">It never sleeps by itself. This costs awake time, day and night.</span>
        </span>
      </label>
      {save.isError ? <FailureNotice failure={toFailure(save.error)} /> : null}
      <div>
        <Button
          type="submit"
          busy={save.isPending}
          disabledReason={reason ?? (same ? 'This is how it sleeps already.' : undefined)}
        >
          Save
        </Button>
      </div>
    </form>
  );
}

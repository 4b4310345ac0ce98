/** The fuse has paused an assistant's model requests: why, and the decision. On every page of the assistant. */
import { Link } from '@tanstack/react-router';
import { CirclePause } from 'lucide-react';
import type { OrgRole, Tenant } from '../../../control-plane/src/contract/api.ts';
import { toFailure } from '../api/errors.ts';
import { roleMay } from '../api/queries.ts';
import { Button } from '../ui/button.tsx';
import { FailureNotice } from '../ui/notice.tsx';
import { When } from '../ui/when.tsx';
import { useResume } from './use-budgets.ts';
import { pauseText } from './words.ts';

export function PauseCard({ tenant, role }: { tenant: Tenant; role: OrgRole }) {
  const resume = useResume(tenant);
  const { spendPause: pause } = tenant;
  if (pause === null) return null;
  const may = roleMay(role, 'tenant:configure');
  return (
    <section aria-labelledby="pause-title" className="rounded-md border border-coral/40 bg-coral-soft p-4 text-sm">
      <div className="flex gap-3">
        <CirclePause size={18} aria-hidden className="mt-0.5 shrink-0 text-coral" />
        <div className="flex min-w-0 flex-1 flex-col gap-3">
          <div>
            <h2 id="pause-title" className="font-semibold">
              Model requests are paused: the spending is out of line
            </h2>
            <p className="mt-1">
              {pauseText(pause)} Paused <When at={pause.atMs} />. Nothing more is spent until somebody decides; the
              assistant stays reachable and says so in the chat.
            </p>
          </div>
          <div className="flex flex-wrap items-center gap-3">
            <Button
              kind="primary"
              busy={resume.isPending}
              disabledReason={may.allowed ? undefined : may.reason}
              onClick={() => resume.mutate(pause.id)}
            >
              Let it go on
            </Button>
            <Link to="/a/$tenantId/usage" params={{ tenantId: tenant.id }} className="link">
              See what it was spent on
            </Link>
          </div>
          {resume.isError ? <FailureNotice failure={toFailure(resume.error)} /> : null}
        </div>
      </div>
    </section>
  );
}

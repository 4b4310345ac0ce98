/** The month's requests as a file, made by the server: how much has come, and what went wrong. */
import { useMutation } from '@tanstack/react-query';
import { Download } from 'lucide-react';
import { useState } from 'react';
import { endpoints } from '../../../control-plane/src/contract/api.ts';
import { pathOf } from '../api/client.ts';
import { downloadFile } from '../api/download.ts';
import { toFailure } from '../api/errors.ts';
import { Button } from '../ui/button.tsx';
import { formatBytes } from '../ui/format.ts';
import { FailureNotice } from '../ui/notice.tsx';
import { monthLabel } from './month.ts';

interface MonthDownloadProps {
  readonly tenantId: string;
  readonly slug: string;
  /** "2026-11". */
  readonly month: string;
  /** Why there is nothing to download. */
  readonly reason: string | undefined;
}

export function MonthDownload({ tenantId, slug, month, reason }: MonthDownloadProps) {
  const [bytes, setBytes] = useState(0);
  const save = useMutation({
    mutationFn: (period: string) => {
      setBytes(0);
      const url = pathOf(endpoints.receiptExport.path, { tenantId }, { period });
      return downloadFile(url, `${slug}-${period}-requests.csv`, setBytes);
    },
  });
  return (
    <div className="flex flex-col items-start gap-2">
      <Button
        icon={<Download size={16} aria-hidden />}
        busy={save.isPending}
        disabledReason={reason}
        onClick={() => save.mutate(month)}
      >
        Download {monthLabel(month)} as CSV
      </Button>
      <p role="status" className="text-sm text-soft empty:hidden">
        {save.isPending && bytes > 0 ? `${formatBytes(bytes)} so far` : null}
      </p>
      {save.isError ? (
        <FailureNotice failure={toFailure(save.error)} onRetry={() => save.mutate(save.variables)} />
      ) : null}
    </div>
  );
}

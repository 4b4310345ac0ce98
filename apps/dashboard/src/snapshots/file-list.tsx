/** The files of a snapshot by path, each against now. A button that cannot act says why. */
import { Download } from 'lucide-react';
import type { SnapshotFile } from '../../../control-plane/src/contract/snapshot-file-rpc.ts';
import { Button } from '../ui/button.tsx';
import { formatBytes } from '../ui/format.ts';
import { againstTaking, putRefusals, standingWords } from './file-words.ts';

interface FileListProps {
  readonly files: readonly SnapshotFile[];
  readonly againstTake: string | undefined;
  readonly againstPut: string | undefined;
  readonly busyPath: string | null;
  readonly onTake: (path: string) => void;
  readonly onPut: (path: string) => void;
}

export function FileList({ files, ...props }: FileListProps) {
  return (
    <ul aria-label="Files of the snapshot" className="divide-y divide-line border-y border-line">
      {files.map((file) => (
        <Row key={file.path} file={file} {...props} />
      ))}
    </ul>
  );
}

function Row({ file, ...props }: Omit<FileListProps, 'files'> & { file: SnapshotFile }) {
  const { path, bytes, standing, refusal } = file;
  const words = standing === null ? null : standingWords[standing];
  const refused = refusal === null ? undefined : putRefusals[refusal];
  return (
    <li className="flex flex-wrap items-center justify-between gap-x-6 gap-y-2 py-2.5">
      <div className="min-w-0 flex-1 basis-72">
        <p className="font-mono text-sm break-all">{path}</p>
        <p className="figures text-sm text-soft">
          {formatBytes(bytes)}
          {words === null ? '' : `, ${words.toLowerCase()}`}
        </p>
      </div>
      <div className="flex flex-wrap gap-2">
        <Button
          kind="plain"
          icon={<Download size={16} aria-hidden />}
          disabledReason={props.againstTake ?? againstTaking(refusal)}
          busy={props.busyPath === path}
          onClick={() => props.onTake(path)}
          aria-label={`Download ${path}`}
        >
          Download
        </Button>
        <Button
          disabledReason={refused ?? props.againstPut}
          busy={props.busyPath === path}
          onClick={() => props.onPut(path)}
          aria-label={`Put back ${path}`}
        >
          Put back…
        </Button>
      </div>
    </li>
  );
}

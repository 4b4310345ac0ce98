/** What was taken, what was left and why: before anybody switches to it. */
import type { ReactNode } from 'react';
import type { ImportReport as Report } from '../../../control-plane/src/contract/imports.ts';
import { formatCount } from '../ui/format.ts';
import { leftWords, shapeSentence, takenLines } from './import-words.ts';

export function ImportReport({ report }: { report: Report }) {
  return (
    <div className="flex flex-col gap-4 text-sm">
      <p>{shapeSentence(report)}</p>
      <div className="grid gap-x-10 gap-y-4 sm:grid-cols-2">
        <Part title="Taken">
          <ul className="list-disc pl-5">
            {takenLines(report.taken).map((line) => (
              <li key={line}>{line}</li>
            ))}
          </ul>
        </Part>
        <Part title="Left">
          {report.left.length === 0 ? <p>No file.</p> : null}
          {report.left.map(({ reason, count, examples }) => (
            <details key={reason}>
              <summary className="cursor-pointer py-1">
                {leftWords[reason]} ({formatCount(count)})
              </summary>
              <Paths lines={examples} more={count - examples.length} />
            </details>
          ))}
          {report.settingsLeft.length === 0 ? null : (
            <details>
              <summary className="cursor-pointer py-1">
                {report.settingsLeft.length === 1 ? '1 setting' : `${formatCount(report.settingsLeft.length)} settings`}
              </summary>
              <Paths lines={report.settingsLeft} more={0} />
            </details>
          )}
        </Part>
      </div>
      {report.channelsOff.length + report.warnings.length === 0 ? null : (
        <Part title="To know">
          <ul className="list-disc pl-5">
            {report.channelsOff.map((channel) => (
              <li key={channel}>
                <span className="font-semibold">{channel}</span> is turned off: its token was left. Enter it again to
                turn it on.
              </li>
            ))}
            {report.warnings.map((warning) => (
              <li key={warning}>{warning}</li>
            ))}
          </ul>
        </Part>
      )}
    </div>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <div className="min-w-0">
      <h5 className="mb-1 font-semibold">{title}</h5>
      {children}
    </div>
  );
}

function Paths({ lines, more }: { lines: readonly string[]; more: number }) {
  return (
    <>
      <ul className="list-disc pl-5 font-mono text-xs break-all">
        {lines.map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ul>
      {more > 0 ? <p>and {formatCount(more)} more</p> : null}
    </>
  );
}

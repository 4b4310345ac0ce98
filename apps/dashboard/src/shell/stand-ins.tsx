/** Says which parts of this installation are local stand-ins, and what that means for the person. */
import type { System } from '../../../control-plane/src/contract/api.ts';

const sentences: Record<keyof System['standIns'], string> = {
  model: 'Demo model: answers are canned until a provider key is set.',
  mail: 'Mail is not sent; it waits in the local outbox.',
  containers: 'Assistants run as confined processes on this computer.',
  billing: 'Payments go to a stand-in: no money moves.',
};

const order = ['model', 'mail', 'containers', 'billing'] as const;

export const demoModelSentence = sentences.model;

export function SystemFooter({ system }: { system: System | undefined }) {
  const present = system === undefined ? [] : order.filter((part) => system.standIns[part]);
  return (
    <footer className="mt-16 border-t border-line">
      <div className="mx-auto flex max-w-6xl flex-col gap-2 px-4 py-6 text-sm text-soft sm:px-6">
        {present.length === 0 ? null : (
          <details>
            <summary className="w-fit cursor-pointer rounded-sm py-1 font-medium text-ink">
              {present.length === 1 ? 'One part' : `${present.length} parts`} of this installation{' '}
              {present.length === 1 ? 'is a local stand-in' : 'are local stand-ins'}
            </summary>
            <ul className="mt-1 list-disc pl-5">
              {present.map((part) => (
                <li key={part}>
                  {sentences[part]}{' '}
                  {part === 'mail' && system?.outboxUrl ? (
                    <a href={system.outboxUrl} target="_blank" rel="noreferrer" className="link">
                      Open the outbox
                    </a>
                  ) : null}
                </li>
              ))}
            </ul>
          </details>
        )}
        <p>Tidepool {system?.version ?? ''}</p>
      </div>
    </footer>
  );
}

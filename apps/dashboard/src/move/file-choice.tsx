/** Where a file is chosen or dropped. The input itself is what the keyboard reaches; the frame around it takes the drop. */
import { FileUp } from 'lucide-react';
import { useId, useState } from 'react';
import { againstFile } from './import-words.ts';

export function FileChoice({ onFile }: { onFile: (file: File) => void }) {
  const id = useId();
  const [over, setOver] = useState(false);
  const [against, setAgainst] = useState<string | null>(null);
  const take = (files: FileList | null): void => {
    const file = files?.[0];
    if (file === undefined) return;
    const reason = files !== null && files.length > 1 ? 'Choose one packed file, not several.' : againstFile(file);
    setAgainst(reason);
    if (reason === null) onFile(file);
  };
  return (
    <div className="flex max-w-2xl flex-col gap-1.5">
      <label
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={(event) => {
          event.preventDefault();
          setOver(false);
          take(event.dataTransfer.files);
        }}
        className={`flex cursor-pointer items-center gap-4 rounded-md border border-dashed px-5 py-6 focus-within:outline-2 focus-within:outline-offset-2 focus-within:outline-tide ${over ? 'border-tide bg-shoal' : 'border-edge bg-foam hover:bg-well'}`}
      >
        <FileUp size={22} aria-hidden className="shrink-0 text-tide" />
        <span className="min-w-0 text-sm">
          <span className="block font-semibold">Choose a file</span>
          <span className="block text-soft">or drop it here: .tar, .tar.gz or .tar.zst</span>
        </span>
        <input
          type="file"
          className="sr-only"
          aria-describedby={against === null ? undefined : id}
          aria-invalid={against === null ? undefined : true}
          onChange={(event) => {
            take(event.target.files);
            // The same file again is a choice too.
            event.target.value = '';
          }}
        />
      </label>
      {against === null ? null : (
        <p id={id} role="alert" className="text-sm text-coral">
          {against}
        </p>
      )}
    </div>
  );
}

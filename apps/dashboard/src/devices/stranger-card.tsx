/** What somebody sees who is not signed in and opens the address: the same for every address, whether it is taken or not. */
import { ButtonLink } from '../ui/button.tsx';

export function StrangerCard({ origin }: { origin: string }) {
  return (
    <section aria-labelledby="stranger-title" className="flex max-w-2xl flex-col gap-3">
      <h2 id="stranger-title" className="text-xl font-semibold tracking-tight">
        What a stranger sees
      </h2>
      <p className="text-sm text-soft">
        Who opens <span className="break-all">{origin}</span> without being signed in is sent to Tidepool’s sign-in.
        Nothing there tells whether there is an assistant at the address, what it is called, or whether it is awake;
        files, pictures and sockets are refused. Nothing that a stranger does wakes it. After signing in, who is not in
        the organisation is told that there is no such assistant.
      </p>
      <div>
        <ButtonLink href={origin} target="_blank" rel="noreferrer">
          Open the address, and compare in a private window
        </ButtonLink>
      </div>
    </section>
  );
}

/** Grey shapes in the place of what is on its way, so that nothing moves when it arrives. */
export function Skeleton({ className }: { className: string }) {
  return <div aria-hidden className={`motion-breathe rounded-sm bg-line ${className}`} />;
}

/** Says to assistive technology that a page is loading; the shapes beside it are for eyes. */
export function Loading({ label }: { label: string }) {
  return (
    <p role="status" className="sr-only">
      {label}
    </p>
  );
}

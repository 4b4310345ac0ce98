/** The name with its pool. */
export function Wordmark() {
  return (
    <span className="inline-flex items-center gap-2 text-lg font-bold tracking-[-0.03em]">
      <svg aria-hidden width="24" height="24" viewBox="0 0 32 32" className="text-tide">
        <circle cx="16" cy="16" r="13.5" fill="none" stroke="currentColor" strokeWidth="2.5" />
        <path
          d="M6.500 16.500c2.400-2.200 4.800-2.200 7.200 0s4.800 2.200 7.200 0 3-1.900 4.600-.6A9.500 9.500 0 0 1 16 25.500a9.500 9.500 0 0 1-9.500-9z"
          fill="currentColor"
        />
      </svg>
      tidepool
    </span>
  );
}

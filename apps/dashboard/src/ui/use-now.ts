/** The current time as state: renders again every `everyMs`, and not while the tab is hidden. */
import { useEffect, useState } from 'react';

export function useNow(everyMs: number, running = true): number {
  const [nowMs, setNowMs] = useState(() => Date.now());
  useEffect(() => {
    if (!running) return undefined;
    const tick = (): void => {
      if (document.visibilityState === 'visible') setNowMs(Date.now());
    };
    tick();
    const timer = setInterval(tick, everyMs);
    document.addEventListener('visibilitychange', tick);
    return () => {
      clearInterval(timer);
      document.removeEventListener('visibilitychange', tick);
    };
  }, [everyMs, running]);
  return nowMs;
}

/**
 * The check that a person signs up, where this deployment has one (Turnstile). Its script comes from Cloudflare; only the
 * page that `/sign-up` itself loads may take it, so a page that came here from another loads itself again.
 */
import { useEffect, useRef, useState } from 'react';
import { humanCheckAction, humanCheckOrigin } from '../../../control-plane/src/contract/human-check.ts';

interface Turnstile {
  render(
    container: HTMLElement,
    options: {
      sitekey: string;
      action: string;
      callback: (token: string) => void;
      'expired-callback': () => void;
      'error-callback': () => void;
    },
  ): string;
  remove(widgetId: string): void;
}

declare global {
  interface Window {
    turnstile?: Turnstile;
  }
}

let loading: Promise<Turnstile> | null = null;

function loadTurnstile(): Promise<Turnstile> {
  loading ??= new Promise((resolve, reject) => {
    const failed = (): void => {
      loading = null;
      reject(new Error('the check did not load'));
    };
    const script = document.createElement('script');
    script.src = `${humanCheckOrigin}/turnstile/v0/api.js?render=explicit`;
    script.async = true;
    script.addEventListener('load', () => (window.turnstile === undefined ? failed() : resolve(window.turnstile)));
    script.addEventListener('error', failed);
    document.head.append(script);
  });
  return loading;
}

/** Whether this document was loaded as this page, with the policy that lets the check in. */
function loadedHere(): boolean {
  const [navigation] = performance.getEntriesByType('navigation');
  return navigation === undefined || new URL(navigation.name).pathname === location.pathname;
}

export function HumanCheck({ siteKey, onToken }: { siteKey: string; onToken: (token: string | null) => void }) {
  const container = useRef<HTMLDivElement>(null);
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    if (!loadedHere()) {
      location.reload();
      return undefined;
    }
    let remove: (() => void) | null = null;
    let gone = false;
    const show = async (): Promise<void> => {
      const turnstile = await loadTurnstile();
      if (gone || container.current === null) return;
      const id = turnstile.render(container.current, {
        sitekey: siteKey,
        action: humanCheckAction,
        callback: onToken,
        'expired-callback': () => onToken(null),
        'error-callback': () => setFailed(true),
      });
      remove = () => turnstile.remove(id);
    };
    show().catch(() => setFailed(true));
    return () => {
      gone = true;
      remove?.();
    };
  }, [siteKey, onToken]);
  return (
    <div>
      <div ref={container} />
      {failed ? (
        <p role="alert" className="text-sm">
          The check that you are a person did not load. Allow {new URL(humanCheckOrigin).hostname} in your browser, then
          load the page again.
        </p>
      ) : null}
    </div>
  );
}

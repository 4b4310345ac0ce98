/** After a navigation: focus goes to the page's heading and its title is said, as a full page load would do. */
import { useRouter } from '@tanstack/react-router';
import { useEffect, useState } from 'react';

export function Announcer() {
  const router = useRouter();
  const [text, setText] = useState('');
  useEffect(
    () =>
      router.subscribe('onRendered', ({ pathChanged, fromLocation }) => {
        if (!pathChanged || fromLocation === undefined) return;
        // The title is hoisted in the same commit; the heading exists once the page has rendered.
        requestAnimationFrame(() => {
          document.querySelector<HTMLElement>('h1[tabindex]')?.focus({ preventScroll: true });
          setText(document.title);
        });
      }),
    [router],
  );
  return (
    <p aria-live="polite" className="sr-only">
      {text}
    </p>
  );
}

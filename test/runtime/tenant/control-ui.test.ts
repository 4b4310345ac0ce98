// Our script put into a page by the real rewriter.

import { describe, expect, it } from 'vitest';
import { withTabScript } from '../../../apps/tenant-worker/src/adapters/tab-script.ts';

describe('our script', () => {
  const through = async (html: string): Promise<string> => withTabScript(new Response(html)).text();

  it('comes first in the head of the Control UI', async () => {
    const html =
      '<html data-openclaw-control-ui-build-id="1" lang="en"><head><title>x</title></head><body></body></html>';
    expect(await through(html)).toBe(html.replace('<head>', '<head><script src="/__tidepool/tab.js" defer></script>'));
  });

  it('leaves any other document as it is', async () => {
    const html = '<html lang="en"><head><title>data-openclaw-control-ui-build-id</title></head></html>';
    expect(await through(html)).toBe(html);
  });
});

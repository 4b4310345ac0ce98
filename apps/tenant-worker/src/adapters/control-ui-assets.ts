/** The Control UI's files in the Worker's static assets, `/<release>/…`, as local/stack/control-ui.ts lays them out. */
import { z } from 'zod';
import type { ControlUiFiles, ControlUiPage } from '../edge/control-ui.ts';
import { logEvent } from './log.ts';

const PageSchema = z.object({
  html: z.string().min(1),
  scriptHashes: z.array(z.string().regex(/^sha(256|384|512)-[A-Za-z0-9+/=]+$/)).max(50),
});

/** The binding takes any host; none of these requests leaves the Worker. */
const base = 'https://assets.invalid';

/** The part of the static assets binding that is used. */
export interface StaticAssets {
  fetch(url: string, init: { method: string }): Promise<Response>;
}

export class ControlUiAssets implements ControlUiFiles {
  readonly #assets: StaticAssets | undefined;
  /** By release, at most as many as the cell carries; what was not found is looked for again. */
  readonly #pages = new Map<string, ControlUiPage>();

  /** @param assets absent where the Worker runs without static files, as in some tests */
  constructor(assets: StaticAssets | undefined) {
    this.#assets = assets;
  }

  async file(release: string, path: string, method: string): Promise<Response | null> {
    try {
      const found = await this.#assets?.fetch(`${base}/${release}${path}`, { method });
      if (found?.status === 200) return found;
      await found?.body?.cancel();
    } catch (error) {
      logEvent('control_ui.unreadable', { release, error: String(error).slice(0, 300) });
    }
    return null;
  }

  async page(release: string): Promise<ControlUiPage | null> {
    const known = this.#pages.get(release);
    if (known !== undefined) return known;
    const file = await this.file(release, '/page.json', 'GET');
    if (file === null) return null;
    // What is no JSON is logged below with what is JSON of another shape; the next request looks again.
    const page = PageSchema.safeParse(await file.json().catch(() => null));
    if (!page.success) {
      logEvent('control_ui.unreadable', { release, error: 'page.json is not as it is made' });
      return null;
    }
    this.#pages.set(release, page.data);
    return page.data;
  }
}

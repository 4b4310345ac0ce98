/** Types `ctx.exports` from what this Worker's main module exports. */
declare namespace Cloudflare {
  interface GlobalProps {
    mainModule: typeof import('./index.ts');
  }
}

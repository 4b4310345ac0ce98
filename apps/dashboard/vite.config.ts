/**
 * Builds the dashboard into `dist`, which the control plane serves. Also writes `dist/_headers`: the page's
 * content security policy carries the hash of the one inline script (the theme, set before the first paint).
 */
import { createHash } from 'node:crypto';
import path from 'node:path';
import tailwind from '@tailwindcss/vite';
import { tanstackRouter } from '@tanstack/router-plugin/vite';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

/** The headers of every page and asset. `inlineHashes` are CSP source expressions of inline scripts. */
function headersFile(inlineHashes: readonly string[]): string {
  const policy = [
    "default-src 'none'",
    `script-src 'self' ${inlineHashes.join(' ')}`.trim(),
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "manifest-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
  return [
    '/*',
    `  Content-Security-Policy: ${policy}`,
    '  X-Content-Type-Options: nosniff',
    '  Referrer-Policy: no-referrer',
    '  Permissions-Policy: camera=(), microphone=(), geolocation=()',
    '  Cross-Origin-Opener-Policy: same-origin',
    '/assets/*',
    '  Cache-Control: public, max-age=31536000, immutable',
    '',
  ].join('\n');
}

/** Emits `_headers` from the built page. */
function securityHeaders(): Plugin {
  return {
    name: 'tidepool:security-headers',
    apply: 'build',
    enforce: 'post',
    generateBundle(_options, bundle) {
      const page = bundle['index.html'];
      if (page?.type !== 'asset') return;
      const html = typeof page.source === 'string' ? page.source : new TextDecoder().decode(page.source);
      const hashes = [...html.matchAll(/<script>([\s\S]*?)<\/script>/g)].map(
        ([, body = '']) => `'sha256-${createHash('sha256').update(body).digest('base64')}'`,
      );
      this.emitFile({ type: 'asset', fileName: '_headers', source: headersFile(hashes) });
    },
  };
}

/** Lets the browser fetch the typeface with the styles instead of after them. */
function fontPreload(): Plugin {
  return {
    name: 'tidepool:font-preload',
    apply: 'build',
    transformIndexHtml: {
      order: 'post',
      handler: (_html, { bundle }) =>
        Object.keys(bundle ?? {})
          .filter((file) => file.endsWith('.woff2'))
          .map((file) => ({
            tag: 'link',
            attrs: { rel: 'preload', as: 'font', type: 'font/woff2', href: `/${file}`, crossorigin: '' },
            injectTo: 'head' as const,
          })),
    },
  };
}

export default defineConfig({
  root: import.meta.dirname,
  plugins: [
    tanstackRouter({
      target: 'react',
      autoCodeSplitting: true,
      routesDirectory: './src/routes',
      generatedRouteTree: './src/route-tree.gen.ts',
      tmpDir: path.join(import.meta.dirname, '../../node_modules/.tanstack'),
      quoteStyle: 'single',
      semicolons: true,
    }),
    react(),
    tailwind(),
    fontPreload(),
    securityHeaders(),
  ],
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2023',
    assetsInlineLimit: 0,
    // Which chunk loads which: read by the budget test.
    manifest: true,
    modulePreload: { polyfill: false },
  },
  server: { proxy: { '/api': process.env.API_ORIGIN ?? 'http://localhost:8787' } },
});

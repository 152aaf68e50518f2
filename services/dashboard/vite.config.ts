import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** The page is built into the api's folder, which serves it, and nothing of it runs on Node. */
export default defineConfig({
  root: here('.'),
  base: './',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: here('../api/public'),
    emptyOutDir: true,
    target: 'es2022',
    // Inlined assets would be data: URLs, which the page's policy has no room for.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});

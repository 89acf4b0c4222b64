/** The page of `aecnn serve --web`: `npm run build:web` builds it to web/dist, which the package carries. */

import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { constants, gzipSync } from 'node:zlib';
import { defineConfig, type Plugin } from 'vite';

const source = (path: string): string => fileURLToPath(new URL(`../src/${path}`, import.meta.url));

/** Leaves what is large as `.gz` alone, which every browser takes: ONNX Runtime's WebAssembly would be 14 MB of the package. */
function gzipAssets(): Plugin {
  let folder = '';
  return {
    name: 'gzip-assets',
    apply: 'build',
    configResolved({ root, build }) {
      folder = join(build.outDir.startsWith('/') ? '' : root, build.outDir, build.assetsDir);
    },
    closeBundle() {
      for (const name of readdirSync(folder).filter((file) => /\.(wasm|m?js|css)$/.test(file))) {
        const path = join(folder, name);
        writeFileSync(`${path}.gz`, gzipSync(readFileSync(path), { level: constants.Z_BEST_COMPRESSION }));
        rmSync(path);
      }
    },
  };
}

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  // Relative, so that the page also works below a path of another server.
  base: './',
  resolve: {
    // The package's own entries, longest first.
    alias: [
      { find: 'aecnn/device/web', replacement: source('device/web/index.ts') },
      { find: 'aecnn/device', replacement: source('device/index.ts') },
      { find: 'aecnn/runtime/web', replacement: source('runtime/web.ts') },
      { find: 'aecnn/core', replacement: source('core/index.ts') },
    ],
  },
  plugins: [gzipAssets()],
  build: { target: 'es2023', emptyOutDir: true, sourcemap: false },
  server: { proxy: { '/v2': { target: 'http://127.0.0.1:8080', ws: true }, '/web': 'http://127.0.0.1:8080' } },
});

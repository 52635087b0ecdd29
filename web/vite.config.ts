import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

// Where `make web-dev` finds the API that is running.
const api = process.env.PATCH_MANAGER_URL ?? 'http://127.0.0.1:8080';

export default defineConfig({
  plugins: [react()],
  // Every asset is a file: the page's policy takes none that stands in it.
  build: { assetsInlineLimit: 0, manifest: 'assets/manifest.json', chunkSizeWarningLimit: 700, target: 'es2023' },
  html: { cspNonce: '__CSP_NONCE__' },
  server: { proxy: { '/api': api, '/docs': api, '/openapi.json': api } },
});

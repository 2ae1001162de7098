import { fileURLToPath, URL } from 'node:url'
import vue from '@vitejs/plugin-vue'
import { configDefaults, defineConfig } from 'vitest/config'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

// The desktop app embeds dist/. A demo host (in-memory, invented data) exists only in `npm run dev` and
// in tests; the release build does not carry it.
export default defineConfig({
  plugins: [vue()],
  resolve: { alias: { '@': here('./src') } },
  clearScreen: false,
  server: { port: 5173, strictPort: true, host: '127.0.0.1', fs: { allow: ['.', '../domain/data'] } },
  build: {
    target: 'es2022',
    assetsInlineLimit: 0, // the page's content policy allows no data: scripts or styles
    chunkSizeWarningLimit: 900,
  },
  test: {
    environment: 'happy-dom',
    include: ['src/**/*.test.ts', 'tests/**/*.test.ts'],
    exclude: [...configDefaults.exclude],
    setupFiles: ['tests/setup.ts'],
    testTimeout: 30_000,
  },
})

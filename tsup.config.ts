import { defineConfig } from 'tsup'

const shared = {
  target: 'es2022',
  outDir: 'dist',
  sourcemap: true,
  dts: true,
  clean: false,
  treeshake: true,
  loader: { '.sql': 'text' },
} as const

export default defineConfig([
  {
    ...shared,
    entry: { index: 'src/index.ts', 'migrations/index': 'src/migrations/index.ts' },
    format: ['esm', 'cjs'],
  },
  // The local stack's parts are ESM only, so there is no CommonJS build of it.
  { ...shared, entry: { 'local/index': 'src/local/index.ts' }, format: ['esm'], platform: 'node' },
])

import { defineConfig } from 'tsup'

const shared = {
  target: 'es2022',
  outDir: 'dist',
  sourcemap: true,
  // The types of Standard Schema are written into ours: nobody has to install them.
  dts: { resolve: [/^@standard-schema/] as RegExp[] },
  clean: false,
  treeshake: true,
  loader: { '.sql': 'text' },
} as const

export default defineConfig([
  // What sheets need is a chunk of its own, loaded by the first of them; CommonJS is split likewise.
  {
    ...shared,
    entry: { index: 'src/index.ts', 'migrations/index': 'src/migrations/index.ts' },
    format: ['esm', 'cjs'],
    splitting: true,
  },
  // The local stack's parts are ESM only, so there is no CommonJS build of it.
  { ...shared, entry: { 'local/index': 'src/local/index.ts' }, format: ['esm'], platform: 'node' },
  // The command carries its framework with it, so that applications do not install it, and leans on the built migrations.
  {
    ...shared,
    entry: { 'cli/main': 'src/cli/main.ts' },
    format: ['esm'],
    platform: 'node',
    dts: false,
    noExternal: ['commander'],
    esbuildPlugins: [
      {
        name: 'built-migrations',
        setup(build) {
          build.onResolve({ filter: /\/migrations\/index\.ts$/ }, () => ({
            path: '../migrations/index.js',
            external: true,
          }))
        },
      },
    ],
  },
])

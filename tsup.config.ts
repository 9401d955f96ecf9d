import { join } from 'node:path'
import type { Plugin } from 'esbuild'
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

const core = join(import.meta.dirname, 'src/index.ts')

/** The core as it is built, and not a copy of it: its errors and budgets are the same objects everywhere. */
const builtCore: Plugin = {
  name: 'built-core',
  setup(build) {
    build.onResolve({ filter: /^(\.\.\/)+index\.ts$/ }, ({ path, resolveDir }) =>
      join(resolveDir, path) === core ? { path: '@efir/cells', external: true } : null,
    )
  },
}

export default defineConfig([
  // What sheets need is a chunk of its own, loaded by the first of them; CommonJS is split likewise.
  {
    ...shared,
    entry: { index: 'src/index.ts', 'migrations/index': 'src/migrations/index.ts' },
    format: ['esm', 'cjs'],
    splitting: true,
    dts: false,
  },
  // Their types together: a Budget of the core is a Budget to the import, too, and not a class that looks like it.
  {
    ...shared,
    entry: {
      index: 'src/index.ts',
      'migrations/index': 'src/migrations/index.ts',
      'import/index': 'src/import/index.ts',
      'react/index': 'src/react/index.ts',
    },
    format: ['esm', 'cjs'],
    dts: { only: true },
  },
  // The local stack's parts are ESM only, so there is no CommonJS build of it.
  { ...shared, entry: { 'local/index': 'src/local/index.ts' }, format: ['esm'], platform: 'node' },
  // The parts of the core that it needs (its errors above all) are the core's own, and not copies of them.
  {
    ...shared,
    entry: { 'import/index': 'src/import/index.ts' },
    format: ['esm'],
    platform: 'node',
    dts: false,
    esbuildPlugins: [builtCore],
  },
  // A second tree shaker would take away the `'use client'` that React's server components look for.
  {
    ...shared,
    entry: { 'react/index': 'src/react/index.ts' },
    format: ['esm', 'cjs'],
    dts: false,
    treeshake: false,
    esbuildPlugins: [builtCore],
  },
  { ...shared, entry: { 'react/styles': 'src/react/styles.css' }, dts: false, sourcemap: false },
  // The command carries its framework with it, so that applications do not install it, and leans on the built rooms.
  {
    ...shared,
    entry: { 'cli/main': 'src/cli/main.ts' },
    format: ['esm'],
    platform: 'node',
    dts: false,
    noExternal: ['commander', 'cli-progress', 'lilconfig', 'uuid'],
    // What is CommonJS among them asks for Node's modules in its own way.
    banner: {
      js: "import { createRequire as requireFrom } from 'node:module'\nconst require = requireFrom(import.meta.url)",
    },
    esbuildPlugins: [
      {
        name: 'built-rooms',
        setup(build) {
          build.onResolve({ filter: /^\.\.\/([a-z]+\/)?index\.ts$/ }, ({ path }) => ({
            path: path.replace(/\.ts$/, '.js'),
            external: true,
          }))
        },
      },
    ],
  },
])

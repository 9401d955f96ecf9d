import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { rounded, type Row } from '../report.ts'

const core = join(import.meta.dirname, '../../src/index.ts')

/**
 * What an entry costs who imports all of it: bundled, minified, gzipped, without peers, without what is loaded only
 * when it is called for, and, for another entry, without the core that it stands on.
 */
export async function measureSize(name: string, entry: string): Promise<Row> {
  const { outputFiles, metafile } = await build({
    entryPoints: [entry],
    bundle: true,
    minify: true,
    write: false,
    splitting: true,
    metafile: true,
    outdir: 'dist',
    format: 'esm',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    external: ['@supabase/*', 'react', 'react/*'],
    plugins: [
      {
        name: 'without-core',
        setup(builder) {
          builder.onResolve({ filter: /index\.ts$/ }, ({ path, resolveDir, kind }) =>
            kind !== 'entry-point' && join(resolveDir, path) === core
              ? { path: '@efir/cells', external: true }
              : null,
          )
        },
      },
    ],
  })
  const loaded = new Set<string>()
  const load = (path: string): void => {
    if (loaded.has(path)) return
    loaded.add(path)
    for (const { path: chunk, kind, external } of metafile.outputs[path]?.imports ?? []) {
      if (kind === 'import-statement' && external !== true) load(chunk)
    }
  }
  for (const [path, { entryPoint }] of Object.entries(metafile.outputs)) if (entryPoint === entry) load(path)
  const bytes = outputFiles
    .filter(({ path }) => [...loaded].some((chunk) => path.endsWith(chunk)))
    .reduce((sum, { contents }) => sum + gzipSync(contents).length, 0)
  return { name, unit: 'bytes', p50: rounded(bytes), p95: null, baseline: null, ratio: null }
}

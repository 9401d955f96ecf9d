import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { rounded, type Row } from '../report.ts'

/** What an entry costs who imports all of it: bundled, minified, gzipped, without peers. */
export async function measureSize(name: string, entry: string): Promise<Row> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    external: ['@supabase/*'],
  })
  const bytes = outputFiles.reduce((sum, { contents }) => sum + gzipSync(contents).length, 0)
  return { name, unit: 'bytes', p50: rounded(bytes), p95: null, baseline: null, ratio: null }
}

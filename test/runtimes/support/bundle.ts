import { join } from 'node:path'
import { build, type BuildOptions, type Metafile } from 'esbuild'

const root = join(import.meta.dirname, '../../..')

/** How bundlers for each runtime resolve packages. Neutral: nothing of Node is there, and nothing is made up for it. */
export const targets = {
  browser: { platform: 'browser', format: 'esm' },
  deno: {
    platform: 'neutral',
    format: 'esm',
    conditions: ['deno', 'import'],
    mainFields: ['module', 'main'],
  },
  bun: { platform: 'neutral', format: 'esm', conditions: ['bun', 'import'], mainFields: ['module', 'main'] },
  edge: {
    platform: 'neutral',
    format: 'esm',
    conditions: ['workerd', 'worker', 'edge-light', 'import'],
    mainFields: ['module', 'main'],
  },
} as const satisfies Record<string, BuildOptions>

export type Target = keyof typeof targets

export interface Bundle {
  readonly text: string
  readonly metafile: Metafile
}

/** A program as a bundler makes one file of it for a runtime. Fails where something cannot be resolved there. */
export async function bundle(program: string, target: Target, options: BuildOptions = {}): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: program, resolveDir: import.meta.dirname, loader: 'ts' },
    absWorkingDir: root,
    bundle: true,
    write: false,
    metafile: true,
    target: 'es2022',
    logLevel: 'silent',
    ...targets[target],
    ...options,
  })
  return { text: outputFiles![0]!.text, metafile: metafile! }
}

import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import type { Component, mount, unmount } from 'svelte'
import { compile } from 'svelte/compiler'
import { onTestFinished } from 'vitest'

/** A component and the Svelte that runs it, for a browser, as an application's bundler makes them. */
export async function bundleSvelte<Props extends Record<string, unknown>>(path: string) {
  const directory = await mkdtemp(join(tmpdir(), 'cells-svelte-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  const outfile = join(directory, 'bundle.mjs')
  await build({
    stdin: {
      contents: `export { mount, unmount } from 'svelte'; export { default as Component } from ${JSON.stringify(path)}`,
      resolveDir: import.meta.dirname,
    },
    bundle: true,
    format: 'esm',
    conditions: ['browser'],
    outfile,
    plugins: [
      {
        name: 'svelte',
        setup(bundler) {
          bundler.onLoad({ filter: /\.svelte$/ }, async ({ path: filename }) => {
            const { js } = compile(await readFile(filename, 'utf8'), { filename, generate: 'client' })
            return { contents: js.code }
          })
        },
      },
    ],
  })
  return (await import(/* @vite-ignore */ pathToFileURL(outfile).href)) as {
    readonly mount: typeof mount
    readonly unmount: typeof unmount
    readonly Component: Component<Props>
  }
}

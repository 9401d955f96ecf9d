import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { build, type Options } from 'tsup'
import config from '../../../tsup.config.ts'

const root = join(import.meta.dirname, '../../..')
const run = promisify(execFile)

/** An application that has installed the package, as npm packs it. */
export type Application = {
  readonly path: string
  /** `npm exec`, which is what npx does. */
  exec(...argv: string[]): Promise<{ stdout: string; stderr: string }>
  remove(): Promise<void>
}

/**
 * Builds the package (without its types, which take longest and which another check looks at), packs it, and installs the file in an
 * empty folder. What it depends on is packed from this repository's node_modules, so that no registry is asked.
 */
export async function installPacked(): Promise<Application> {
  const place = await mkdtemp(join(tmpdir(), 'cells-packed-'))
  const folder = (name: string): string => join(place, name)
  const [source, tarballs, path] = [folder('source'), folder('tarballs'), folder('application')] as const
  for (const each of [source, tarballs, path]) await mkdir(each)
  for (const name of ['package.json', 'CHANGELOG.md', 'LICENSE', 'README.md', 'src/migrations/sql']) {
    await cp(join(root, name), join(source, name), { recursive: true })
  }
  await Promise.all(
    (config as Options[])
      .filter(({ dts }) => typeof dts !== 'object' || !('only' in dts))
      .map((options) =>
        build({
          ...options,
          config: false,
          dts: false,
          sourcemap: false,
          treeshake: false,
          silent: true,
          outDir: join(source, 'dist'),
        }),
      ),
  )
  const needed = await dependenciesOf(['eventemitter3', '@supabase/supabase-js'])
  const folders = [source, ...needed.map((name) => join(root, 'node_modules', name))]
  await run('npm', ['pack', '--ignore-scripts', '--pack-destination', tarballs, ...folders])
  const files = (await readdir(tarballs)).map((name) => join(tarballs, name))
  await writeFile(join(path, 'package.json'), '{ "private": true }')
  await run('npm', ['install', '--offline', '--ignore-scripts', '--no-audit', '--no-fund', ...files], {
    cwd: path,
  })
  return {
    path,
    exec: async (...argv) => await run('npm', ['exec', '--offline', '--', ...argv], { cwd: path }),
    remove: async () => await rm(place, { recursive: true, force: true }),
  }
}

/** With what they need in turn. */
async function dependenciesOf(names: readonly string[]): Promise<string[]> {
  const found = new Set(names)
  for (const name of found) {
    const manifest = await readFile(join(root, 'node_modules', name, 'package.json'), 'utf8')
    const { dependencies = {} } = JSON.parse(manifest) as { dependencies?: Record<string, string> }
    for (const dependency of Object.keys(dependencies)) found.add(dependency)
  }
  return [...found]
}

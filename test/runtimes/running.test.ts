import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createContext, runInContext } from 'node:vm'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createCells } from '@efir/cells'
import { useStack } from '../support/stack.ts'
import { bundle, type Target } from './support/bundle.ts'

const stack = await useStack()
const programs = join(import.meta.dirname, '../../node_modules/.bin')
// The program itself: what npm puts before it passes on neither signals nor the third descriptor.
const { default: workerd } = createRequire(import.meta.url)('workerd') as { readonly default: string }

const printing = `
import { roundTrip } from './round-trip.ts'
roundTrip().then((done) => console.log(JSON.stringify(done)))`
const serving = `
import { roundTrip } from './round-trip.ts'
export default { fetch: async () => Response.json(await roundTrip()) }`

let folder: string
let settings: { url: string; anonKey: string; accessToken: string; budgetVersionId: string }

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cells-runtimes-'))
  const organization = await stack.createOrganization()
  const user = await stack.createUser({ organization })
  const { id } = await stack.createBudget({ organization })
  settings = { url: stack.url, anonKey: stack.anonKey, accessToken: user.accessToken, budgetVersionId: id }
})
afterAll(() => rm(folder, { recursive: true }))

/** The program as one file, ready to run there. */
async function programFor(runtime: string, target: Target, program: string, format: 'esm' | 'iife' = 'esm') {
  const define = { settings: JSON.stringify({ ...settings, period: runtime }) }
  const { text } = await bundle(program, target, { define, format, globalName: 'program' })
  const path = join(folder, `${runtime}.mjs`)
  await writeFile(path, text)
  return { text, path }
}

/** What the program must have seen there, and what somebody else sees of it from here. */
async function expectRoundTrip(seen: unknown, runtime: string): Promise<void> {
  expect(seen).toEqual({
    missing: false,
    written: '99999999999999.99',
    version: 1,
    conflict: 'version_conflict',
    outcome: 'written',
    aborted: 'Error: enough',
  })
  const budget = createCells(stack.serviceClient()).budget(settings.budgetVersionId)
  const cells = await budget.readMany([
    { module: 'runtimes', field: 'rate', period: runtime },
    { module: 'runtimes', field: 'note', period: runtime },
  ])
  expect(cells.map(({ value }) => value)).toEqual(['99999999999999.99', 'à revoir 🧮'])
}

it.each([
  ['deno', ['run', '--quiet', '--no-prompt', '--no-config', '--allow-net']],
  ['bun', ['run']],
] as const)(
  'the same program writes from %s, over real HTTP',
  { timeout: 60_000 },
  async (runtime, options) => {
    const { path } = await programFor(runtime, runtime, printing)
    const { stdout } = await promisify(execFile)(join(programs, runtime), [...options, path], { cwd: folder })
    await expectRoundTrip(JSON.parse(stdout), runtime)
  },
)

it(
  'the same program writes from an edge worker (workerd), where nothing of Node is',
  { timeout: 60_000 },
  async () => {
    const { path } = await programFor('workerd', 'edge', serving)
    const config = `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = (
      modules = [(name = "worker", esModule = embed "${path.split('/').at(-1)!}")],
      compatibilityDate = "2026-07-01",
    )),
    (name = "internet", network = (allow = ["public", "private", "local"], tlsOptions = (trustBrowserCas = true))),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);`
    await writeFile(join(folder, 'config.capnp'), config)
    const worker = spawn(workerd, ['serve', 'config.capnp', '--control-fd=3'], {
      cwd: folder,
      stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
    })
    const ended = once(worker, 'exit')
    try {
      const [said] = (await Promise.race([
        once(worker.stdio[3]!, 'data'),
        ended.then(() => Promise.reject(new Error('workerd ended before it listened'))),
      ])) as [Buffer]
      const { port } = JSON.parse(said.toString().split('\n')[0]!) as { port: number }
      const answer = await fetch(`http://127.0.0.1:${port}/`)
      await expectRoundTrip(await answer.json(), 'workerd')
    } finally {
      worker.kill()
      await ended
    }
  },
)

it(
  'the same program writes where there are no globals but those of the web',
  { timeout: 60_000 },
  async () => {
    const { text } = await programFor('web', 'browser', `export { roundTrip } from './round-trip.ts'`, 'iife')
    const web = {
      AbortController,
      AbortSignal,
      clearTimeout,
      crypto,
      DOMException,
      fetch,
      Headers,
      performance,
      Request,
      Response,
      setTimeout,
      TextDecoder,
      TextEncoder,
      URL,
      URLSearchParams,
      WebSocket,
      console,
    }
    const context = createContext(web)
    expect(runInContext(`typeof process + typeof Buffer + typeof require`, context)).toBe(
      'undefinedundefinedundefined',
    )
    const { roundTrip } = runInContext(`${text}\nprogram`, context) as { roundTrip: () => Promise<object> }
    await expectRoundTrip({ ...(await roundTrip()) }, 'web')
  },
)

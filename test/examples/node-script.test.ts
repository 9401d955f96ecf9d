import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { createCells } from '@efir/cells'
import { useStack as connectStack } from '../support/stack.ts'
import { eventually, growth } from './support/open-plan.ts'

const root = join(import.meta.dirname, '../..')
const stack = await connectStack()

/** The script as Alice's process; and Bob, who has the same budget. */
async function startScript() {
  const organization = await stack.createOrganization()
  const { id } = await stack.createBudget({ organization })
  const [alice, bob] = await Promise.all([
    stack.createUser({ organization }),
    stack.createUser({ organization }),
  ])
  const budget = createCells(stack.signIn(bob)).budget(id)
  await budget.write(growth, '1', { ifVersion: 0 })
  const child = spawn(
    process.execPath,
    ['--import', './scripts/from-source.mjs', 'examples/node-script/main.ts'],
    {
      cwd: root,
      env: {
        ...process.env,
        SUPABASE_URL: stack.url,
        SUPABASE_ANON_KEY: stack.anonKey,
        CELLS_ACCESS_TOKEN: alice.accessToken,
        CELLS_BUDGET: id,
      },
    },
  )
  onTestFinished(() => void child.kill('SIGKILL'))
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text))
  const exit = once(child, 'close').then(([code]) => code as number | null)
  return {
    budget,
    child,
    exit,
    output: () => output,
    shows: (text: string) => eventually(() => expect(output).toContain(text)),
  }
}

it('the script asks when somebody was faster, imports its file, and takes the import back', async () => {
  const script = await startScript()
  await script.shows('Growth is 1. And shall be?')
  await script.budget.write(growth, '2', { ifVersion: 'any' })
  script.child.stdin.write('3\n')
  await script.shows('It became 2 meanwhile. Write 3? (y/n)')
  script.child.stdin.write('y\n')
  expect(await script.exit, script.output()).toBe(0)
  expect(script.output()).toContain('3 cells imported.\n')
  expect(script.output()).toMatch(/plan\.csv.* undone: 3 cells\.\n/)
  expect(await script.budget.read(growth)).toMatchObject({ value: '3', version: 3 })
  const cells = await Array.fromAsync(script.budget.list())
  expect(cells.filter(({ value }) => value !== null)).toHaveLength(1)
  const changes = await Array.fromAsync(script.budget.history.list())
  expect(changes.filter(({ changeType }) => changeType === 'import')).toHaveLength(3)
})

it('the script stops where it is on Ctrl-C, and has written nothing', async () => {
  const script = await startScript()
  await script.shows('And shall be?')
  script.child.kill('SIGINT')
  expect(await script.exit, script.output()).toBe(130)
  expect(script.output()).toContain('Stopped.')
  expect(await script.budget.read(growth)).toMatchObject({ value: '1', version: 1 })
})

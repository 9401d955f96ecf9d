import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { localOnly } from '../support/stack.ts'
import { efirCells, StartedCommand, temporaryDirectory } from './support/command.ts'

localOnly('it starts a stack').describe('efir-cells dev', () => {
  test('starts a stack with a seed, hands out what opens it, and keeps its data for the next start', async () => {
    const cwd = await temporaryDirectory()
    await writeFile(join(cwd, 'plan.csv'), 'module,field,period,value\nrevenue,fees,2026,100\n')
    const start = async () => {
      const started = new StartedCommand(['dev', '--directory', 'stack', '--seed', 'plan.csv'], { cwd })
      // On stderr; what stdout has said may arrive after it.
      await started.says('Ctrl-C stops')
      await started.says('CELLS_ACCESS_TOKEN=')
      return started
    }
    const first = await start()
    const environmentOf = (stdout: string) =>
      Object.fromEntries(
        stdout
          .trim()
          .split('\n')
          .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
      )
    const second = await efirCells(['dev', '--directory', 'stack'], { cwd })
    expect(second.exitCode).toBe(1)
    expect(second.stderr).toContain('error:')
    first.process.kill('SIGINT')
    const { exitCode, stdout } = await first.ended
    expect(exitCode).toBe(0)
    expect(existsSync(join(cwd, 'stack'))).toBe(true)

    const third = await start()
    const live = third.printed()
    const env = environmentOf(live)
    expect(env.CELLS_BUDGET).toBe(environmentOf(stdout).CELLS_BUDGET)
    const exported = await efirCells(['export', '-'], { cwd, env })
    expect(exported).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('fees') as string })
    third.process.kill('SIGINT')
    await third.ended
  }, 120_000)

  test('refuses a seed that is not there, and leaves nothing behind', async () => {
    const cwd = await temporaryDirectory()
    const ended = await efirCells(['dev', '--seed', 'nothing.csv'], { cwd })
    expect(ended).toMatchObject({ exitCode: 2, stdout: '' })
    expect(ended.stderr).toContain('nothing.csv')
  }, 60_000)
})

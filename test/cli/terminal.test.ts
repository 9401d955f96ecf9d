import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { PassThrough } from 'node:stream'
import { stripVTControlCharacters } from 'node:util'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Screen } from '../../src/cli/output.ts'
import { wrap } from '../../src/cli/wrap.ts'
import { useStack } from '../support/stack.ts'
import { callCommand } from './support/call.ts'
import { efirCells, member, StartedCommand } from './support/command.ts'

const stack = await useStack()

/** Calls the command as on a terminal of 60 columns, where somebody types `answer`. */
async function onTerminal(
  argv: string[],
  env: Record<string, string>,
  { answer, hasColors = false }: { answer?: string; hasColors?: boolean } = {},
) {
  let drawn = ''
  const terminal = new PassThrough()
  terminal.on('data', (piece: Buffer) => (drawn += piece.toString()))
  const screen: Screen = { columns: 60, hasColors }
  const ended = await callCommand(argv, {
    terminal: terminal as unknown as NodeJS.WriteStream,
    isInteractive: answer !== undefined,
    screens: { stdout: screen, stderr: screen },
    env,
    ...(answer !== undefined && { input: `${answer}\n` }),
  })
  return { ...ended, stderr: drawn + ended.stderr }
}

describe('on a terminal', { timeout: 60_000 }, () => {
  test('a command asks before it locks by filter, and takes nothing but yes for yes', async () => {
    const place = await member(stack)
    await callCommand(['import', '-'], { ...place, input: 'module,field,value\nrevenue,fees,100\n' })
    const lock = ['locks', 'lock', '--module', 'revenue']
    const refused = await onTerminal(lock, place.env, { answer: '' })
    expect(refused).toMatchObject({ exitCode: 5, stdout: '' })
    expect(refused.stderr).toContain('1 cell would be locked. Go on? [y/N] ')
    expect(await onTerminal(lock, place.env, { answer: 'y' })).toMatchObject({
      exitCode: 0,
      stdout: '1 cell locked.\n',
    })
  })

  test('errors are coloured and wrapped between words; without colours they are the same words', async () => {
    const colored = await onTerminal(['history', 'fees'], {}, { hasColors: true })
    const plain = await onTerminal(['history', 'fees'], {})
    expect(plain.stderr).not.toContain('\u001b')
    expect(colored.stderr).toContain('\u001b[')
    expect(stripVTControlCharacters(colored.stderr)).toBe(plain.stderr)
    for (const line of plain.stderr.split('\n')) expect(line.length).toBeLessThanOrEqual(60)
  })

  test('what is wrapped keeps its words, and data is left as it is', () => {
    const advice = '      → Look at the id, and whether the signed-in user is a member.'
    expect(wrap(advice, 40)).toBe(
      '      → Look at the id, and whether the\n        signed-in user is a member.',
    )
    const data = 'revenue / 0199a3c4-0000-7000-8000-000000000001 / fees / 2026'
    expect(wrap(data, 40)).toBe(data)
    expect(wrap(`error: ${'x'.repeat(80)} y`, 40)).toBe(`error: ${'x'.repeat(80)}\n       y`)
  })
})

describe('a process', { timeout: 60_000 }, () => {
  test('ends without a word when nobody reads its output any more', async () => {
    const started = new StartedCommand(['migrate', 'sql'])
    started.process.stdout?.once('data', () => started.process.stdout?.destroy())
    expect(await started.ended).toMatchObject({ exitCode: 141, stderr: '' })
  })

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('stopped by %s in the middle of a call ends with %i', async (signal, exitCode) => {
    const { env } = await member(stack)
    const { promise: called, resolve: call } = Promise.withResolvers<undefined>()
    // Takes the call, and never answers.
    const server = createServer(() => call(undefined)).listen(0, '127.0.0.1')
    onTestFinished(() => {
      server.closeAllConnections()
      server.close()
    })
    await new Promise((resolve) => server.once('listening', resolve))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const started = new StartedCommand(['history'], { env: { ...env, SUPABASE_URL: url } })
    await called
    started.process.kill(signal)
    expect(await started.ended).toEqual({
      exitCode,
      stdout: '',
      stderr: 'error: interrupted; nothing half-done was left behind\n',
    })
  })

  test('prints no escape sequence into a pipe, even where colours are asked for', async () => {
    const { stdout, stderr } = await efirCells(['history', 'fees'], { env: { FORCE_COLOR: '1' } })
    expect(stdout + stderr).not.toContain('\u001b')
    expect((await efirCells(['--help'], { env: { FORCE_COLOR: '1' } })).stdout).not.toContain('\u001b')
  })
})

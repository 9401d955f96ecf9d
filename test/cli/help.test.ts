import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { callCommand } from './support/call.ts'
import { efirCells } from './support/command.ts'

const commands = [
  ...['import', 'export', 'undo', 'redo', 'doctor', 'dev'],
  ...['history', 'history restore'],
  ...['locks', 'locks list', 'locks lock', 'locks unlock'],
  ...['comments', 'comments list', 'comments add', 'comments reply', 'comments resolve', 'comments reopen'],
  ...['comments inbox', 'comments mark-read', 'comments counts'],
  ...['migrate', 'migrate up', 'migrate down', 'migrate status', 'migrate verify', 'migrate sql'],
]

test.concurrent.each(commands)(
  '%s --help says what it does, with examples and exit codes, in 80 columns',
  async (name) => {
    // A process of its own for each command; a part of one is told by the same program.
    const help = await (name.includes(' ') ? callCommand : efirCells)([...name.split(' '), '--help'])
    expect(help).toMatchObject({ exitCode: 0, stderr: '' })
    expect(help.stdout).toContain(`Usage: efir-cells ${name}`)
    expect(help.stdout).toContain(`$ efir-cells ${name}`)
    expect(help.stdout).toContain('Exit codes:')
    expect(help.stdout.split('\n').filter((line) => line.length > 80)).toEqual([])
  },
  60_000,
)

test('--help of the command names every command', async () => {
  const { stdout, exitCode } = await efirCells(['--help'])
  expect(exitCode).toBe(0)
  for (const name of new Set(commands.map((command) => command.split(' ')[0])))
    expect(stdout).toMatch(new RegExp(`^  ${name ?? ''} `, 'm'))
})

test('--version is the version of the package', async () => {
  const { version } = JSON.parse(await readFile(join(import.meta.dirname, '../../package.json'), 'utf8')) as {
    version: string
  }
  expect(await efirCells(['--version'])).toEqual({ exitCode: 0, stdout: `${version}\n`, stderr: '' })
})

test('a command or flag that is mistyped is named, with what it may have been', async () => {
  expect(await efirCells(['exprt'])).toMatchObject({
    exitCode: 2,
    stdout: '',
    stderr: expect.stringContaining('Did you mean export?') as string,
  })
  expect(await efirCells(['export', '-', '--modul', 'x'])).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('Did you mean --module?') as string,
  })
})

import { expect, test } from 'vitest'
import { efirCells } from './support/command.ts'

test.each(['import', 'export', 'doctor', 'dev'])(
  '%s --help says what it does, with examples and exit codes',
  async (name) => {
    const help = await efirCells([name, '--help'])
    expect(help).toMatchObject({ exitCode: 0, stderr: '' })
    expect(help.stdout).toContain(`Usage: efir-cells ${name}`)
    expect(help.stdout).toContain(`$ efir-cells ${name}`)
    expect(help.stdout).toContain('Exit codes:')
  },
)

test('--help of the command names every command', async () => {
  const { stdout, exitCode } = await efirCells(['--help'])
  expect(exitCode).toBe(0)
  for (const name of ['import', 'export', 'migrate', 'doctor', 'dev'])
    expect(stdout).toMatch(new RegExp(`^  ${name} `, 'm'))
})

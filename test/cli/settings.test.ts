import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readSettings, type CommonFlags } from '../../src/cli/settings.ts'
import { efirCells, temporaryDirectory } from './support/command.ts'

async function settings(flags: CommonFlags, env: Record<string, string>, configuration?: object) {
  const cwd = await temporaryDirectory()
  if (configuration !== undefined) {
    await writeFile(join(cwd, 'efir-cells.config.json'), JSON.stringify(configuration))
  }
  return await readSettings(flags, { env, cwd })
}

describe('settings of the command', () => {
  test('come from flags before the environment, and from the environment before the file', async () => {
    const file = { url: 'http://file', budget: 'file', anonKey: 'file', schema: 'file' }
    expect(await settings({}, {}, file)).toMatchObject({
      url: 'http://file',
      budget: 'file',
      key: 'file',
      schema: 'file',
    })
    const env = { SUPABASE_URL: 'http://env', CELLS_BUDGET: 'env', SUPABASE_ANON_KEY: 'env' }
    expect(await settings({}, env, file)).toMatchObject({
      url: 'http://env',
      budget: 'env',
      key: 'env',
      schema: 'file',
    })
    const flags = { url: 'http://flag', budget: 'flag', key: 'flag', schema: 'flag' }
    expect(await settings(flags, env, file)).toMatchObject({
      url: 'http://flag',
      budget: 'flag',
      key: 'flag',
      schema: 'flag',
    })
  })

  test('use the public key for a user, and the service key where nobody is signed in', async () => {
    const keys = { SUPABASE_ANON_KEY: 'anon', SUPABASE_SERVICE_ROLE_KEY: 'service' }
    expect(await settings({}, keys)).toMatchObject({
      key: 'service',
      token: undefined,
      schema: 'efir_budget',
    })
    expect(await settings({}, { ...keys, CELLS_ACCESS_TOKEN: 'token' })).toMatchObject({
      key: 'anon',
      token: 'token',
    })
  })

  test('are refused where the file is unreadable, or has a secret or what is not known', async () => {
    await expect(settings({}, {}, { serviceKey: 'hunter22' })).rejects.toThrow(/"serviceKey" is not known/)
    await expect(settings({}, {}, { serviceKey: 'hunter22' })).rejects.not.toThrow(/hunter22/)
    await expect(settings({}, {}, { budget: 7 })).rejects.toThrow(/"budget" is a text/)
    await expect(settings({ config: 'nothing.json' }, {})).rejects.toThrow(/nothing.json/)
  })
})

test('no command prints a secret, whatever goes wrong', async () => {
  const cwd = await temporaryDirectory()
  await mkdir(join(cwd, 'sb_secret_file_hunter22'))
  const token = `eyJhbGciOiJIUzI1NiJ9.${Buffer.from('{"sub":"hunter22"}').toString('base64url')}.hunter22`
  const env = {
    SUPABASE_URL: 'http://me:hunter22@127.0.0.1:1',
    SUPABASE_SERVICE_ROLE_KEY: 'service-hunter22',
    CELLS_ACCESS_TOKEN: token,
    SUPABASE_DB_URL: 'postgres://me:hunter22@127.0.0.1:1/db',
    CELLS_BUDGET: '0199a3c4-0000-7000-8000-000000000001',
  }
  const commands = [
    ['import', 'sb_secret_file_hunter22'],
    ['import', token, '--json'],
    ['import', '-', '--tokn=sb_secret_hunter22'],
    ['export', '-', '--json'],
    ['export', `${token}.csv`],
    ['doctor'],
    ['doctor', '--json'],
    ['migrate', 'status'],
    ['migrate', 'verify', '--json'],
    ['dev', '--seed', token, '--schema', 'service-hunter22'],
  ]
  const runs = await Promise.all(commands.map((argv) => efirCells(argv, { cwd, env })))
  for (const { exitCode, stdout, stderr } of runs) {
    expect(exitCode).not.toBe(0)
    expect(stdout + stderr).not.toContain('hunter22')
  }
}, 120_000)

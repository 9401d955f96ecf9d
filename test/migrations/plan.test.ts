import { describe, expect, test } from 'vitest'
import type { Migration } from '../../src/migrations/index.ts'
import { checksum } from '../../src/migrations/checksum.ts'
import { plan } from '../../src/migrations/plan.ts'

const bundle: Migration[] = [
  { name: '000_host', up: 'host', down: '', optional: 'host' },
  { name: '009_a', up: 'a', down: '' },
  { name: '010_b', up: 'b', down: '' },
]
const unremarkable = { appliedAt: '2026-11-01T00:00:00.000Z', note: undefined, pendingIndexes: [] }
const recorded = async (...names: string[]) =>
  await Promise.all(
    names.map(async (name) => ({
      name,
      checksum: await checksum(bundle.find((migration) => migration.name === name)?.up ?? 'unknown'),
      ...unremarkable,
    })),
  )
const pending = async (names: string[], host = false) =>
  (await plan(bundle, await recorded(...names), { host }))
    .filter((migration) => migration.recorded === undefined)
    .map((migration) => migration.name)

describe('the plan', () => {
  test('leaves out the host tables unless they are asked for', async () => {
    expect(await pending([])).toEqual(['009_a', '010_b'])
    expect(await pending([], true)).toEqual(['000_host', '009_a', '010_b'])
  })

  test('is what is not recorded yet', async () => {
    expect(await pending(['000_host', '009_a'])).toEqual(['010_b'])
    expect(await pending(['009_a', '010_b'])).toEqual([])
  })

  test('refuses a recorded migration that has another checksum, and names the file', async () => {
    const history = [{ name: '009_a', checksum: 'f'.repeat(64), ...unremarkable }]
    await expect(plan(bundle, history, { host: false })).rejects.toMatchObject({
      code: 'checksum_mismatch',
      file: '009_a.up.sql',
    })
  })

  test('refuses a database that is newer than the bundle', async () => {
    await expect(pending(['009_a', '010_b', '011_future'])).rejects.toMatchObject({
      code: 'database_newer',
      file: '011_future.up.sql',
    })
  })

  test('refuses a record with a hole in it', async () => {
    await expect(pending(['010_b'])).rejects.toMatchObject({ code: 'out_of_order', file: '009_a.up.sql' })
  })

  test('refuses to add the host tables below what leans on them already', async () => {
    await expect(pending(['009_a'], true)).rejects.toMatchObject({ code: 'host_exists' })
  })
})

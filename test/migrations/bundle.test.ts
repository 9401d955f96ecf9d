import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { bundle } from '../../src/migrations/index.ts'
import { checksum } from '../../src/migrations/checksum.ts'
import { thawed } from './support/frozen.ts'
import released from './support/released.json' with { type: 'json' }

const folder = new URL('../../src/migrations/sql/', import.meta.url)
const files = Object.fromEntries(
  readdirSync(folder)
    .filter((name) => name.endsWith('.sql'))
    .map((name) => [name, readFileSync(new URL(name, folder), 'utf8')]),
)

describe('the bundle', () => {
  test('holds every file of the folder, up and down, and no other', () => {
    const bundled = Object.fromEntries(
      bundle.flatMap(({ name, up, down }) => [
        [`${name}.up.sql`, up],
        [`${name}.down.sql`, down],
      ]),
    )
    expect(Object.keys(bundled).sort()).toEqual(Object.keys(files).sort())
    expect(bundled).toEqual(files)
  })

  test('is in the order of the numbers, each number once', () => {
    const numbers = bundle.map(({ name }) => /^(\d{3})_[a-z0-9_]+$/.exec(name)?.[1])
    expect(numbers).toEqual([...new Set(numbers)].sort())
  })
})

describe('released files', () => {
  test('are as they were released', async () => {
    expect(await thawed(released, files)).toEqual([])
  })

  test('would be missed by name when one changed or went away', async () => {
    const [name, text] = Object.entries(files)[0]!
    const frozen = { [name]: await checksum(text), '008_gone.up.sql': 'f'.repeat(64) }
    expect(await thawed(frozen, { [name]: text + '\n' })).toEqual([
      `${name} was changed`,
      '008_gone.up.sql is gone',
    ])
  })

  test('keep their checksum in a checkout with Windows line ends', async () => {
    expect(await checksum('SELECT 1;\r\nSELECT 2;\r\n')).toBe(await checksum('SELECT 1;\nSELECT 2;\n'))
  })
})

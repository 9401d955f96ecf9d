import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { localOnly } from '../support/stack.ts'
import { queryOf, useCluster } from './support/cluster.ts'
import { dumpSchema } from './support/schema-dump.ts'

const { describe } = localOnly('it makes databases')
const cluster = useCluster()

describe('the committed dump of the schema', () => {
  test('is what the migrations make (if not: npm run schema:dump, and look at the difference)', async () => {
    const sql = (await cluster.freshDatabase()).connect()
    const committed = readFileSync(new URL('../../src/migrations/schema.sql', import.meta.url), 'utf8')
    expect(await dumpSchema(queryOf(sql))).toBe(committed)
  })
})

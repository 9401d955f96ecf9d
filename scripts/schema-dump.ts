// Writes src/migrations/schema.sql anew, from a database made by the migrations:
//   npm run schema:dump
import { writeFileSync } from 'node:fs'
import postgres from 'postgres'
import { startLocalStack } from '../src/local/index.ts'
import { dumpSchema } from '../test/migrations/support/schema-dump.ts'

const stack = await startLocalStack()
try {
  const { databaseUrl } = await stack.createDatabase({ migrations: 'none' })
  const sql = postgres(databaseUrl, { max: 1, prepare: false, onnotice: () => undefined })
  const text = await dumpSchema((statement, parameters) => sql.unsafe(statement, parameters as never[]))
  await sql.end()
  const file = new URL('../src/migrations/schema.sql', import.meta.url)
  writeFileSync(file, text)
  console.log(`${text.split('\n--@ ').length} objects written to src/migrations/schema.sql`)
} finally {
  await stack.stop()
}

import { loadModule, parseSync } from '@libpg-query/parser'
import { beforeAll, describe, expect, test } from 'vitest'
import { bundle } from '../../src/migrations/index.ts'
import { concurrently, separateIndexes } from '../../src/migrations/indexes.ts'
import { splitStatements, withoutComments } from '../../src/migrations/statements.ts'

type Parsed = { stmts: { stmt_location?: number; stmt_len?: number }[] }

/** The statements as the server's own parser finds them; it counts in bytes. */
function parsedStatements(text: string): string[] {
  const bytes = Buffer.from(text)
  return (parseSync(text) as Parsed).stmts.map(({ stmt_location: from = 0, stmt_len: length }) =>
    withoutComments(bytes.subarray(from, length === undefined ? undefined : from + length).toString()),
  )
}

beforeAll(async () => {
  await loadModule()
})

describe('cutting SQL into statements', () => {
  test.each(
    bundle.flatMap(({ name, up, down }) => [[`${name}.up`, up] as const, [`${name}.down`, down] as const]),
  )('agrees with the server on %s', (_, text) => {
    expect(splitStatements(text).map(withoutComments)).toEqual(parsedStatements(text))
  })

  test.each([
    ["SELECT ';'; SELECT 'it''s;'", 2],
    ["SELECT E'\\';'; SELECT 2", 2],
    ['SELECT 1 AS "a;b"; SELECT 2;', 2],
    ['SELECT 1; -- no; statement', 1],
    ['SELECT /* a; /* nested; */ b; */ 1; SELECT 2', 2],
    ['DO $$ BEGIN PERFORM 1; END $$; SELECT 2', 2],
    ['DO $body$ SELECT $$;$$; $body$; SELECT $1', 2],
    [
      'CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END; SELECT 3',
      2,
    ],
    ['-- only words', 0],
    ['SELECT "begin", atomic FROM t; SELECT 2', 2],
  ])('%s is %i', (text, count) => {
    expect(splitStatements(text)).toHaveLength(count)
    expect(splitStatements(text).map(withoutComments)).toEqual(parsedStatements(text))
  })
})

describe('taking indexes out of a migration', () => {
  const text = `
    CREATE TABLE plan.fresh (id int);
    CREATE INDEX idx_fresh ON plan.fresh (id);
    -- Why it is there.
    CREATE INDEX idx_old ON plan.old (id) WHERE kind = 'a;b';
    COMMENT ON INDEX plan.idx_old IS 'For the list.';
    CREATE UNIQUE INDEX idx_unique ON plan.old (id);
    CREATE INDEX idx_named ON plan.old (name);
    ALTER INDEX plan.idx_named SET (fillfactor = 70);`

  test('takes plain ones on tables that were there, with their comments, and nothing else', () => {
    const { rest, indexes } = separateIndexes(text, (table) => table === 'old')
    expect(indexes).toEqual([
      {
        name: 'idx_old',
        table: 'old',
        create: "CREATE INDEX idx_old ON plan.old (id) WHERE kind = 'a;b'",
        comment: "COMMENT ON INDEX plan.idx_old IS 'For the list.'",
      },
    ])
    expect(splitStatements(rest)).toHaveLength(5)
    expect(rest).not.toContain('idx_old')
  })

  test('leaves out nothing where nothing is to be taken', () => {
    expect(separateIndexes(text, () => false).indexes).toEqual([])
  })

  test('writes them for building concurrently', () => {
    expect(concurrently('CREATE INDEX IF NOT EXISTS a ON t (x)')).toBe('CREATE INDEX CONCURRENTLY a ON t (x)')
  })
})

import { loadModule, parsePlPgSQLSync, parseSync } from '@libpg-query/parser'
import { beforeAll, describe, expect, it } from 'vitest'
import { bundle } from '../../src/migrations/bundle.ts'

/**
 * What hosted Supabase imposes and what cannot be installed here, held against the text of the bundle: `safeupdate`
 * refuses every UPDATE and DELETE without a WHERE, inside functions too.
 */

type Tree = Readonly<Record<string, unknown>>

beforeAll(loadModule)

const files = bundle.flatMap(({ name, up, down }) => [
  { file: `${name}.up.sql`, text: up },
  { file: `${name}.down.sql`, text: down },
])

describe.each(files)('$file', ({ text }) => {
  it('has a WHERE in every UPDATE and DELETE, inside functions too', () => {
    expect(statements(text).flatMap(unguarded)).toEqual([])
  })

  it('sets an empty search_path on every function', () => {
    const loose = find(statements(text), 'CreateFunctionStmt').filter(
      (definition) => !JSON.stringify(definition).includes('"search_path"'),
    )
    expect(loose.map(nameOf)).toEqual([])
  })

  it('never raises what PostgREST would repeat for ever', () => {
    expect(text).not.toMatch(/ERRCODE\s*=\s*'(40001|40P01|serialization_failure|deadlock_detected)'/i)
  })
})

describe('the check itself', () => {
  it.each([
    'UPDATE a SET b = 1',
    'DELETE FROM a',
    'WITH gone AS (DELETE FROM a RETURNING *) SELECT * FROM gone',
    'CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN UPDATE a SET b = 1; END $$',
    "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'DELETE FROM a'; END $$",
    'CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $$ DELETE FROM a $$',
    'DO $$ BEGIN DELETE FROM a; END $$',
  ])('finds the missing WHERE of %s', (text) => {
    expect(statements(text).flatMap(unguarded)).not.toEqual([])
  })

  it.each(['UPDATE a SET b = 1 WHERE c', 'INSERT INTO a SELECT 1 ON CONFLICT (b) DO UPDATE SET b = 2'])(
    'passes %s',
    (text) => expect(statements(text).flatMap(unguarded)).toEqual([]),
  )
})

/** The parsed statements of a text, and those inside its functions. */
function statements(text: string): unknown[] {
  const bytes = Buffer.from(text)
  const { stmts = [] } = parseSync(text)
  return stmts.flatMap(({ stmt, stmt_location: start = 0, stmt_len: length }) => {
    const own = bytes.subarray(start, length === undefined ? undefined : start + length).toString()
    return [stmt, ...statementsOfBody(own, stmt)]
  })
}

function statementsOfBody(text: string, statement: unknown): unknown[] {
  const [block] = find(statement, 'DoStmt')
  const [definition] = find(statement, 'CreateFunctionStmt')
  if (block === undefined && definition === undefined) return []
  const body = longestString(block ?? definition)
  if (JSON.stringify(definition ?? {}).includes('"sval":"sql"')) return statements(body)
  const asFunction = `CREATE FUNCTION block() RETURNS void LANGUAGE plpgsql AS $block_of_it$${body}$block_of_it$`
  const parsed = parsePlPgSQLSync(block === undefined ? text : asFunction)
  return find(parsed, 'PLpgSQL_expr').flatMap(({ query }) => tryParse(String(query)))
}

function longestString(tree: unknown): string {
  const texts = find(tree, 'String').map(({ sval }) => String(sval))
  return texts.reduce((longest, text) => (text.length > longest.length ? text : longest), '')
}

/** Conditions and assignments are no statements; text handed to EXECUTE is one inside a string. */
function tryParse(query: string): unknown[] {
  const dynamic = [...query.matchAll(/'((?:[^']|'')*)'|\$(\w*)\$([\s\S]*?)\$\2\$/g)]
    .map((match) => (match[1] ?? match[3] ?? '').trim())
    .filter((text) => /^(update|delete|with)\b/i.test(text))
  return [query, ...dynamic].flatMap((text) => {
    try {
      return [parseSync(text)]
    } catch {
      return []
    }
  })
}

function unguarded(tree: unknown): unknown[] {
  return [...find(tree, 'UpdateStmt'), ...find(tree, 'DeleteStmt')].filter(
    (statement) => !('whereClause' in statement),
  )
}

function nameOf(definition: Tree): string {
  return find(definition.funcname, 'String')
    .map(({ sval }) => String(sval))
    .join('.')
}

/** Every node of a kind, at any depth. */
function find(tree: unknown, kind: string): Tree[] {
  if (typeof tree !== 'object' || tree === null) return []
  return Object.entries(tree).flatMap(([key, value]) => [
    ...(key === kind ? [value as Tree] : []),
    ...find(value, kind),
  ])
}

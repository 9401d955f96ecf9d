import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import type postgres from 'postgres'
import { describe, expect, it } from 'vitest'
import { call } from './support/call.ts'
import { crowd, freshTenants, refusalOf, write } from './support/cells.ts'

const tenants = await freshTenants()
const { sql, alice, mallory, budget, ours, createBudget, asAlice, asBob, asMallory, asAnon, asService } =
  tenants
type Sql = postgres.TransactionSql | postgres.Sql
type Rule = 'insert' | 'update' | 'upsert'

interface Row {
  readonly module: string
  readonly entity: string | null
  readonly field: string
  readonly period: string | null
  readonly number: string | null
  readonly text: string | null
}

interface Reply {
  readonly revision: number
  readonly sessionId: string
  readonly created: number
  readonly updated: number
  readonly unchanged: number
  readonly problems: readonly (readonly [number, string, ...unknown[]])[]
}

interface Named {
  readonly operation?: string
  readonly session?: string
}

const parts = ['module', 'entity', 'field', 'period', 'number', 'text'] as const
const row = (field: string, number: string | null = '1'): Row => ({
  module: 'm',
  entity: null,
  field,
  period: null,
  number,
  text: null,
})

/** By the API. */
async function columns(as: Sql, to: string, cells: unknown, rule: Rule = 'upsert', named: Named = {}) {
  const [answer] = await as<{ reply: Reply }[]>`
    SELECT efir_budget.import_cells(${to}, ${JSON.stringify(cells)}::text::json, ${rule},
      ${named.operation ?? null}, ${named.session ?? null}, 'Import') AS reply`
  return answer!.reply
}

const asColumns = (rows: readonly Row[]) =>
  Object.fromEntries(parts.map((part) => [part, rows.map((one) => one[part])]))

/** By the staging table, in a transaction. */
async function staged(as: Sql, to: string, rows: readonly Row[], rule: Rule = 'upsert', named: Named = {}) {
  await as`SELECT efir_budget.stage_cells()`
  for (const { module, entity, field, period, number, text } of rows) {
    await as`INSERT INTO pg_temp.cell_staging VALUES (${module}, ${entity}, ${field}, ${period}, ${number}, ${text})`
  }
  const [answer] = await as<{ reply: Reply }[]>`
    SELECT efir_budget.import_staged_cells(${to}, ${rule}, ${named.operation ?? null}, ${named.session ?? null}, 'Import') AS reply`
  return answer!.reply
}

/** What write_cells makes of the same. */
async function items(as: Sql, to: string, rows: readonly Row[], rule: Rule, named: Named) {
  const base = { insert: 0, update: '*', upsert: null }[rule]
  const { revision, sessionId, results } = await write(
    as,
    to,
    rows.map((one) => ({ ...one, base })),
    {
      mode: 'partial',
      type: 'import',
      label: 'Import',
      ...named,
    },
  )
  const problems = results.flatMap((result, index): Reply['problems'][number][] => {
    const [status, cell] = result as [string, unknown[] | null]
    if (status === 'locked') return [[index, 'locked', cell![9]]]
    if (status !== 'conflict') return []
    return [rule === 'update' ? [index, 'missing'] : [index, 'exists', cell![10]]]
  })
  const created = results.filter(([status, , version]) => status === 'written' && version === 1).length
  const updated = results.filter(([status]) => status === 'written').length - created
  const unchanged = results.filter(([status]) => status === 'unchanged').length
  return { revision, sessionId, created, updated, unchanged, problems }
}

/** All that a budget and its log hold, but for ids and times. */
async function dump(id: string) {
  const cells = await sql`
    SELECT module_code, entity_id, field_name, period_code, value_numeric, value_text, value_type, is_locked, version,
      modified_by, deleted_at IS NOT NULL AS deleted, effective_version, effective_author
    FROM efir_budget.planning_cells WHERE budget_version_id = ${id}
    ORDER BY module_code, entity_id, field_name, period_code`
  const changes = await sql`
    SELECT change.module_code, change.entity_id, change.field_name, change.period_code, change.action, change.change_type,
      change.old_value, change.new_value, change.old_text, change.new_text, change.old_version, change.new_version,
      change.under_version, change.is_locked, change.is_deleted, change.value_type, change.changed_by,
      made.revision, made.actor, change.operation_id IS NULL AS unnamed, step.label, step.change_type AS step_type,
      step.modules, step.written_commit IS NOT NULL AS is_step, dense_rank() OVER (ORDER BY step.created_at) AS step
    FROM efir_budget.cell_changes AS change
    INNER JOIN efir_budget.cell_commits AS made ON made.commit_id = change.commit_id
    INNER JOIN efir_budget.cell_sessions AS step ON step.id = change.session_id
    WHERE change.budget_version_id = ${id}
    ORDER BY change.module_code, change.entity_id, change.field_name, change.period_code, change.new_version`
  const [counts] = await sql`
    SELECT (SELECT count(*) FROM efir_budget.cell_commits WHERE budget_version_id = ${id}) AS commits,
      (SELECT count(*) FROM efir_budget.cell_sessions WHERE budget_version_id = ${id}) AS sessions`
  return { cells, changes, counts }
}

const newBudget = async () => (await createBudget({ organization: ours })).id
const keys = ['a', 'b', 'c', 'd'].flatMap((field) =>
  [null, '0199a3c4-0000-7000-8000-000000000001'].map((entity) => ({
    module: 'm',
    entity,
    field,
    period: entity === null ? null : '2026',
  })),
)
const value = fc.constantFrom(
  { number: '1', text: null },
  { number: '2.5000', text: null },
  { number: null, text: 'note' },
  { number: null, text: null },
)
const someRows = fc
  .tuple(fc.shuffledSubarray(keys, { minLength: 1 }), fc.array(value, { minLength: 8, maxLength: 8 }))
  .map(([chosen, values]): Row[] => chosen.map((key, index) => ({ ...key, ...values[index]! })))
const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('import' as const),
      rule: fc.constantFrom<Rule>('insert', 'update', 'upsert'),
      rows: someRows,
      session: fc.constantFrom(0, 1),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('write' as const), rows: someRows }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constantFrom('delete' as const, 'lock' as const, 'unlock' as const),
      keys: fc.shuffledSubarray(keys, { minLength: 1, maxLength: 3 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('undo' as const) }) },
)

describe('an import', () => {
  it(
    'leaves the same cells, records, steps and revisions whichever way it goes, and as write_cells would',
    { timeout: 120_000 },
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 6 }), async (steps) => {
          const ways = [
            { send: items, sessions: [randomUUID(), randomUUID()] },
            {
              send: (as: Sql, to: string, rows: readonly Row[], rule: Rule, named: Named) =>
                columns(as, to, asColumns(rows), rule, named),
              sessions: [randomUUID(), randomUUID()],
            },
            { send: staged, sessions: [randomUUID(), randomUUID()] },
          ]
          const ends = []
          for (const { send, sessions } of ways) {
            const to = await newBudget()
            const asImporter = send === staged ? asAliceDirectly : asAlice
            const replies: unknown[] = []
            for (const done of steps) {
              if (done.kind === 'import') {
                const named = { session: sessions[done.session]!, operation: randomUUID() }
                const { sessionId, problems, revision, created, updated, unchanged } = await asImporter(
                  (as) => send(as, to, done.rows, done.rule, named),
                )
                replies.push({
                  revision,
                  created,
                  updated,
                  unchanged,
                  problems: [...problems].sort(([a], [b]) => a - b),
                  isOwnSession: sessionId === named.session,
                })
              } else if (done.kind === 'write') {
                await asBob((as) =>
                  write(
                    as,
                    to,
                    done.rows.map((one) => ({ ...one })),
                    { mode: 'partial' },
                  ),
                )
              } else if (done.kind === 'delete') {
                await asBob((as) =>
                  write(
                    as,
                    to,
                    done.keys.map((key) => ({ ...key, delete: true })),
                    { mode: 'partial' },
                  ),
                )
              } else if (done.kind === 'undo') {
                await asAlice((as) => call(as, 'undo', { budget_version_id: to }))
              } else {
                const references = done.keys.map(({ module, entity, field, period }) => [
                  module,
                  entity,
                  field,
                  period,
                ])
                await asBob(
                  (as) =>
                    as`SELECT ${as.unsafe(`efir_budget.${done.kind}_cells`)}(${to}, ${JSON.stringify(references)}::text::jsonb)`,
                )
              }
            }
            ends.push({ replies, ...(await dump(to)) })
          }
          expect(ends[1]).toEqual(ends[0])
          expect(ends[2]).toEqual(ends[0])
        }),
        { numRuns: 40 },
      )
    },
  )

  it('is answered the same when it is sent again, and takes effect once', async () => {
    const to = await newBudget()
    const named = { operation: randomUUID(), session: randomUUID() }
    const first = await asAlice((as) => columns(as, to, asColumns([row('a'), row('b')]), 'insert', named))
    expect(await asAlice((as) => columns(as, to, asColumns([row('a'), row('b')]), 'insert', named))).toEqual(
      first,
    )
    // The lanes share their names: what the one began, the other may repeat.
    expect(await asAliceDirectly((as) => staged(as, to, [row('a'), row('b')], 'insert', named))).toEqual(
      first,
    )
    const other = refusalOf(
      asAlice((as) => columns(as, to, asColumns([row('a'), row('b', '2')]), 'insert', named)),
    )
    expect(await other).toMatchObject({ code: 'PT422', detail: { field: 'operation_id' } })
  })

  it('keeps the numbers that it is given, to the last digit', async () => {
    const to = await newBudget()
    await asAlice((as) => columns(as, to, asColumns([row('a', '99999999999999.9999'), row('b', '-0.0001')])))
    const { cells } = await dump(to)
    expect(cells.map((cell) => cell.value_numeric as string)).toEqual(['99999999999999.9999', '-0.0001'])
  })
})

/** As the owner of the database, who says for whom he works: what a script with its URL does. */
function asAliceDirectly<T>(work: (as: postgres.TransactionSql) => Promise<T>): Promise<T> {
  return directly(alice, work)
}
async function directly<T>(actor: string, work: (as: postgres.TransactionSql) => Promise<T>): Promise<T> {
  return (await sql.begin(async (as) => {
    await as`SELECT set_config('request.jwt.claims', ${JSON.stringify({ sub: actor })}, true)`
    return await work(as)
  })) as T
}

describe('what an import refuses, whole', () => {
  it.each([
    ['a module of 51 characters', { module: ['x'.repeat(51)], field: ['f'] }],
    ['no module', { field: ['f'] }],
    ['an empty field', { module: ['m'], field: [''] }],
    ['a period of 21 characters', { module: ['m'], field: ['f'], period: ['x'.repeat(21)] }],
    ['an entity that is no uuid', { module: ['m'], field: ['f'], entity: ['x'] }],
    ['a fifth place behind the point', { module: ['m'], field: ['f'], number: ['0.00001'] }],
    ['a number that is too large', { module: ['m'], field: ['f'], number: ['1e14'] }],
    ['a number that is none', { module: ['m'], field: ['f'], number: ['NaN'] }],
    ['an infinite number', { module: ['m'], field: ['f'], number: ['-Infinity'] }],
    ['a number and a text', { module: ['m'], field: ['f'], number: ['1'], text: ['x'] }],
    ['lists of two lengths', { module: ['m', 'm'], field: ['f'] }],
    ['lists in lists', { module: [['m']], field: ['f'] }],
    ['no lists', { module: 'm', field: 'f' }],
    ['a list', []],
    ['nothing', null],
    ['no cells', { module: [], field: [] }],
    [
      'too many',
      {
        module: Array<string>(10_001).fill('m'),
        field: Array.from({ length: 10_001 }, (_, index) => `f${index}`),
      },
    ],
    ['a new cell twice', { module: ['m', 'm'], field: ['f', 'f'], number: ['1', '2'] }],
  ])('%s', async (_what, cells) => {
    const to = await newBudget()
    expect(await refusalOf(asAlice((as) => columns(as, to, cells)))).toMatchObject({
      code: 'PT422',
      detail: { field: 'p_cells' },
    })
    expect(await dump(to)).toMatchObject({ cells: [], counts: { commits: '0', sessions: '0' } })
  })

  it('a cell twice that is there', async () => {
    const to = await newBudget()
    await asAlice((as) => columns(as, to, asColumns([row('a')])))
    const twice = asColumns([row('a', '2'), row('a', '3')])
    expect(await refusalOf(asAlice((as) => columns(as, to, twice)))).toMatchObject({ code: 'PT422' })
    expect((await dump(to)).changes).toHaveLength(1)
  })

  it('another rule, and a label that is too long', async () => {
    const bad = (rule: string, label: string) =>
      refusalOf(
        asAlice(
          (as) =>
            as`SELECT efir_budget.import_cells(${budget}, '{"module":["m"],"field":["f"]}', ${rule}, NULL, NULL, ${label})`,
        ),
      )
    expect(await bad('replace', 'x')).toMatchObject({ code: 'PT422', detail: { field: 'p_rule' } })
    expect(await bad('upsert', 'x'.repeat(201))).toMatchObject({
      code: 'PT422',
      detail: { field: 'p_session_label' },
    })
  })
})

describe('who may import', () => {
  it('no member of another organisation, and nobody who is not signed in', async () => {
    const cells = asColumns([row('stolen')])
    expect(await refusalOf(asMallory((as) => columns(as, budget, cells)))).toMatchObject({ code: 'PT404' })
    expect(await refusalOf(asAnon((as) => columns(as, budget, cells)))).toMatchObject({ code: '42501' })
  })

  it('by the staging table the service key and the owner alone', async () => {
    for (const as of [asAlice, asAnon]) {
      expect(await refusalOf(as((one) => one`SELECT efir_budget.stage_cells()`))).toMatchObject({
        code: '42501',
      })
      expect(
        await refusalOf(as((one) => one`SELECT efir_budget.import_staged_cells(${budget})`)),
      ).toMatchObject({ code: '42501' })
    }
    const to = await newBudget()
    expect(await asService((as) => staged(as, to, [row('a')]))).toMatchObject({ created: 1 })
    expect((await dump(to)).changes).toMatchObject([{ changed_by: null, is_step: false }])
  })

  it('for a user who is a member', async () => {
    const refused = refusalOf(directly(mallory, (as) => staged(as, budget, [row('a')])))
    expect(await refused).toMatchObject({ code: 'PT422', detail: { field: 'actor' } })
  })

  it('reads no table, and no view, that the caller made', async () => {
    const made = [
      'CREATE TEMPORARY TABLE cell_staging (module text)',
      'CREATE TEMPORARY VIEW cell_staging AS SELECT 1',
    ]
    for (const text of made) {
      const refused = asService(async (as) => {
        await as.unsafe(text)
        await as`SELECT efir_budget.import_staged_cells(${budget})`
      })
      expect(await refusalOf(refused)).toMatchObject({ code: 'PT422', detail: { field: 'cell_staging' } })
    }
  })

  it('leaves nothing staged behind', async () => {
    const to = await newBudget()
    await asService((as) => staged(as, to, [row('a')]))
    expect(
      await refusalOf(asService((as) => as`SELECT efir_budget.import_staged_cells(${to})`)),
    ).toMatchObject({ detail: { field: 'cell_staging' } })
  })
})

describe('imports at the same time', () => {
  it(
    'of the same new cells in other orders make each once, and wait for each other in no circle',
    { timeout: 60_000 },
    async () => {
      const to = await newBudget()
      const { asUser } = crowd(tenants, 8)
      const fields = Array.from({ length: 300 }, (_, index) => `f${index}`)
      const replies = await Promise.all(
        Array.from({ length: 24 }, (_, turn) => {
          const shuffled = [...fields].sort(
            (a, b) =>
              Math.sin(turn * 7 + a.length + Number(a.slice(1))) -
              Math.sin(turn * 7 + b.length + Number(b.slice(1))),
          )
          const cells = shuffled.map((field) => row(field, String(turn)))
          return asUser(alice, (as) =>
            turn % 3 === 0 ? items(as, to, cells, 'upsert', {}) : columns(as, to, asColumns(cells)),
          )
        }),
      )
      expect(replies.reduce((sum, { created }) => sum + created, 0)).toBe(300)
      const written = replies.reduce((sum, { created, updated }) => sum + created + updated, 0)
      const { cells, changes, counts } = await dump(to)
      expect(cells).toHaveLength(300)
      expect(changes).toHaveLength(written)
      const [last] =
        await sql`SELECT max(revision) AS revision FROM efir_budget.cell_commits WHERE budget_version_id = ${to}`
      expect(last).toEqual({ revision: counts!.commits as string })
    },
  )

  it('of what is there already do not wait for each other, though they are one step', async () => {
    const to = await newBudget()
    const { asUser } = crowd(tenants, 2)
    const cells = asColumns([row('a'), row('b')])
    const first = await asUser(alice, (as) => columns(as, to, cells))
    const session = randomUUID()
    // The second is answered before the first has ended.
    const [one, other] = await asUser(alice, async (as) => {
      const before = await columns(as, to, cells, 'upsert', { session })
      return [before, await asUser(alice, (at) => columns(at, to, cells, 'upsert', { session }))] as const
    })
    for (const { unchanged, sessionId, revision } of [one, other]) {
      expect({ unchanged, sessionId, revision }).toEqual({
        unchanged: 2,
        sessionId: session,
        revision: first.revision,
      })
    }
    expect((await dump(to)).counts).toMatchObject({ commits: '1', sessions: '1' })
  })
})

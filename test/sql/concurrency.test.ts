import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import {
  crowd,
  freshKey,
  freshTenants,
  read,
  recordOf,
  referenceTo,
  refusalOf,
  write,
} from './support/cells.ts'

const tenants = await freshTenants()
const { sql, alice, bob, budget, asAlice, ours, createBudget } = tenants
const many = crowd(tenants, 25)

const times = <T>(count: number, make: (index: number) => T) =>
  Array.from({ length: count }, (_, index) => make(index))
const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds))
const random = (below: number) => Math.floor(Math.random() * below)
const shuffled = <T>(items: readonly T[]) =>
  items
    .map((item) => [Math.random(), item] as const)
    .sort(([one], [two]) => one - two)
    .map(([, item]) => item)

describe('fifty writers at once', () => {
  const race = async (key: ReturnType<typeof freshKey>, base: number) => {
    const attempts = await Promise.allSettled(
      times(50, (index) =>
        many.asUser(index % 2 === 0 ? alice : bob, (as) =>
          write(as, budget, [{ ...key, number: String(index + 10), base }]),
        ),
      ),
    )
    const winners = attempts.flatMap((attempt) => (attempt.status === 'fulfilled' ? [attempt.value] : []))
    const losers = await Promise.all(
      attempts.flatMap((attempt) =>
        attempt.status === 'rejected' ? [refusalOf(Promise.reject(attempt.reason as Error))] : [],
      ),
    )
    expect(winners).toHaveLength(1)
    const { cells } = await asAlice((as) => read(as, budget, [referenceTo(key)]))
    expect(cells[0]).toMatchObject({ version: base + 1 })
    for (const loser of losers) {
      expect(loser).toMatchObject({ code: 'PT409', results: [[0, 'conflict', cells[0]!.id]] })
      expect(JSON.stringify(loser.detail)).toContain(JSON.stringify(cells[0]!.number))
    }
    return cells[0]!
  }

  it('on one base: one lands, and the others see its cell', async () => {
    const key = freshKey()
    await asAlice((as) => write(as, budget, [{ ...key, number: '1', base: 0 }]))
    const cell = await race(key, 1)
    expect(await recordOf(sql, cell.id)).toHaveLength(2)
  })

  it('on a key that has no cell yet: one makes it, and the others see it', async () => {
    const cell = await race(freshKey(), 0)
    expect(await recordOf(sql, cell.id)).toHaveLength(1)
  })

  it('on a deleted cell: one brings it back', async () => {
    const key = freshKey()
    const { results } = await asAlice((as) => write(as, budget, [{ ...key, number: '1' }]))
    await asAlice((as) => write(as, budget, [{ ...key, delete: true }]))
    const attempts = await Promise.allSettled(
      times(50, (index) =>
        many.asUser(bob, (as) => write(as, budget, [{ ...key, number: String(index), base: 0 }])),
      ),
    )
    expect(attempts.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect((await recordOf(sql, results[0]![1] as string)).map((row) => row.action)).toEqual([
      'insert',
      'delete',
      'restore',
    ])
  })

  it('without a base: all land one after another, on keys that had no cell too', async () => {
    const keys = times(20, freshKey)
    await Promise.all(
      times(50, (index) =>
        many.asUser(alice, (as) =>
          write(
            as,
            budget,
            shuffled(keys).map((key) => ({ ...key, number: String(index) })),
            { type: 'import' },
          ),
        ),
      ),
    )
    for (const cell of (await asAlice((as) => read(as, budget, keys.map(referenceTo)))).cells) {
      const record = await recordOf(sql, cell!.id)
      expect(record.map((row) => row.new_version)).toEqual(times(cell!.version, (index) => index + 1))
      for (const [index, row] of record.entries())
        expect(row.old_value).toBe(record[index - 1]?.new_value ?? null)
      expect(Number(record.at(-1)!.new_value)).toBe(Number(cell!.number))
    }
  })

  it('with one operation id: it takes effect once, and all get the one answer', async () => {
    const key = freshKey()
    const operation = randomUUID()
    const replies = await Promise.all(
      times(20, () =>
        many.asUser(alice, (as) => write(as, budget, [{ ...key, number: '1', base: 0 }], { operation })),
      ),
    )
    for (const reply of replies) expect(reply).toEqual(replies[0])
    expect(await recordOf(sql, replies[0]!.results[0]![1] as string)).toHaveLength(1)
  })

  it('with one new session: all land', async () => {
    const session = randomUUID()
    const replies = await Promise.all(
      times(20, () =>
        many.asUser(alice, (as) => write(as, budget, [{ ...freshKey(), number: '1' }], { session })),
      ),
    )
    expect(replies.every((reply) => reply.sessionId === session)).toBe(true)
  })
})

describe('writers of overlapping batches, old and new cells mixed in any order', () => {
  it('never deadlock, lose nothing, and leave versions without gaps', async () => {
    const keys = times(60, freshKey)
    await asAlice((as) =>
      write(
        as,
        budget,
        keys.slice(0, 30).map((key) => ({ ...key, number: '0' })),
      ),
    )
    const landed = { written: 0, conflict: 0 }
    await Promise.all(
      times(120, (index) =>
        many.asUser(index % 2 === 0 ? alice : bob, async (as) => {
          const chosen = shuffled(keys).slice(0, 10)
          const { cells } = await read(as, budget, chosen.map(referenceTo))
          const { results } = await write(
            as,
            budget,
            chosen.map((key, place) => ({
              ...key,
              base: index % 3 === 0 ? null : (cells[place]?.version ?? 0),
              number: `${index}.${place + 1}`,
            })),
            { mode: 'partial' },
          )
          for (const [status] of results) landed[status as 'written' | 'conflict'] += 1
        }),
      ),
    )
    expect(landed.written + landed.conflict).toBe(1200)
    const { cells } = await asAlice((as) => read(as, budget, keys.map(referenceTo)))
    const versions = cells.reduce((sum, cell) => sum + (cell?.version ?? 0), 0)
    expect(versions).toBe(landed.written + 30)
    const gaps = await sql`
      SELECT FROM (
        SELECT cell_id, new_version, row_number() OVER (PARTITION BY cell_id ORDER BY new_version) AS place
        FROM efir_budget.cell_changes WHERE budget_version_id = ${budget}
      ) AS change WHERE new_version <> place`
    expect(gaps).toHaveLength(0)
  })

  it("are told to send again when somebody's own SQL locks in another order, and never 40P01", async () => {
    const keys = [freshKey(), freshKey()]
    const { results } = await asAlice((as) =>
      write(
        as,
        budget,
        keys.map((key) => ({ ...key, number: '0' })),
      ),
    )
    const [first, second] = results.map((result) => result[1] as string).sort()
    const outcomes: string[] = []
    for (let round = 0; round < 3; round += 1) {
      let bothHeld: () => void = () => undefined
      const held = new Promise<void>((resolve) => (bothHeld = resolve))
      const contrary = many
        .asService(async (as) => {
          await as`UPDATE efir_budget.planning_cells SET value_numeric = value_numeric + 1 WHERE id = ${second!}`
          bothHeld()
          await pause(150)
          await as`UPDATE efir_budget.planning_cells SET value_numeric = value_numeric + 1 WHERE id = ${first!}`
        })
        .then(
          () => 'landed',
          (error: unknown) => (error as { code: string }).code,
        )
      await held
      const ordered = many
        .asUser(alice, (as) =>
          write(
            as,
            budget,
            [first, second].map((id) => ({ id, number: String(100 + round) })),
          ),
        )
        .then(
          () => 'landed',
          (error: unknown) => (error as { code: string }).code,
        )
      const [theirs, ours_] = await Promise.all([contrary, ordered])
      expect(['landed', '40P01']).toContain(theirs)
      expect(['landed', 'PT503']).toContain(ours_)
      outcomes.push(theirs, ours_)
    }
    expect(outcomes).toContain('landed')
  })
})

describe('revisions', () => {
  it('have no gap and come in commit order, and a snapshot that sees one sees all before it', async () => {
    const other = (await createBudget({ organization: ours })).id
    const third = (await createBudget({ organization: ours })).id
    const budgets = [budget, other, third]
    const start = await Promise.all(
      budgets.map(async (id) => (await asAlice((as) => read(as, id, []))).revision),
    )
    let writing = true
    let aborted = 0
    const rollback = new Error('roll back')

    const writer = async (seed: number) => {
      for (let round = 0; round < 25; round += 1) {
        const chosen = shuffled(budgets).slice(0, 1 + random(3))
        await many
          .asUser(seed % 2 === 0 ? alice : bob, async (as) => {
            if (random(2) === 0) {
              await write(
                as,
                chosen[0]!,
                times(1 + random(5), () => ({ ...freshKey(), number: '1' })),
              )
            } else {
              // Straight into the tables of several budgets, over several statements.
              for (const id of chosen) {
                await as`
                  INSERT INTO efir_budget.planning_cells (budget_version_id, module_code, entity_id, field_name, value_numeric)
                  VALUES (${id}, 'direct', ${randomUUID()}, 'amount', 1), (${id}, 'direct', ${randomUUID()}, 'amount', 2)`
                if (random(3) === 0) await pause(random(8))
              }
            }
            if (random(4) === 0) await pause(random(15))
            if (random(6) === 0) throw rollback
          })
          .catch((error: unknown) => {
            if (error !== rollback) throw error
            aborted += 1
          })
      }
    }

    // What one snapshot shows: the counter, the commits that it can see, and the changes that belong to them.
    const reader = async () => {
      let polls = 0
      while (writing) {
        for (const [place, id] of budgets.entries()) {
          const [seen] = await many.sql<
            { counter: string; commits: string; newest: string; orphans: string }[]
          >`
            SELECT
              coalesce((SELECT revision FROM efir_budget.budget_revisions WHERE budget_version_id = ${id}), 0) AS counter,
              (SELECT count(*) FROM efir_budget.cell_commits WHERE budget_version_id = ${id}) AS commits,
              (SELECT coalesce(max(revision), 0) FROM efir_budget.cell_commits WHERE budget_version_id = ${id}) AS newest,
              (
                SELECT count(*) FROM efir_budget.planning_cells AS cell
                WHERE cell.budget_version_id = ${id} AND NOT EXISTS (
                  SELECT FROM efir_budget.cell_changes AS change
                  INNER JOIN efir_budget.cell_commits AS made ON made.commit_id = change.commit_id
                  WHERE change.cell_id = cell.id AND made.revision IS NOT NULL
                )
              ) AS orphans`
          expect(seen, `budget ${place}`).toMatchObject({
            commits: seen!.counter,
            newest: seen!.counter,
            orphans: '0',
          })
          polls += 1
        }
      }
      return polls
    }

    const readers = [reader(), reader()]
    await Promise.all(times(16, writer)).finally(() => (writing = false))
    expect((await Promise.all(readers)).every((polls) => polls > 5)).toBe(true)
    expect(aborted).toBeGreaterThan(0)
    for (const [place, id] of budgets.entries()) {
      const revisions = await sql<{ revision: string }[]>`
        SELECT revision FROM efir_budget.cell_commits WHERE budget_version_id = ${id} ORDER BY revision`
      expect(revisions.map((row) => Number(row.revision))).toEqual(
        times(revisions.length, (index) => index + 1),
      )
      expect(revisions.length).toBeGreaterThan(start[place]!)
    }
    // As many commits as have changes: none empty.
    expect(
      await sql`
        SELECT FROM efir_budget.cell_commits AS made
        WHERE NOT EXISTS (SELECT FROM efir_budget.cell_changes AS change WHERE change.commit_id = made.commit_id)`,
    ).toHaveLength(0)
  })

  it('are not given under an isolation that would end in serialization failures', async () => {
    const refusal = await refusalOf(
      many.sql.begin('isolation level repeatable read', async (as) => {
        const claims = JSON.stringify({ sub: alice })
        await as`SELECT set_config('role', 'authenticated', true), set_config('request.jwt.claims', ${claims}, true)`
        await write(as, budget, [{ ...freshKey(), number: '1' }])
      }),
    )
    expect(refusal.code).toBe('0A000')
  })
})

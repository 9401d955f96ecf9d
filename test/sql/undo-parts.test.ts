import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { freshTenants, read, refusalOf, write } from './support/cells.ts'
import { outcomes, previewUndo, redo, undo, undoState } from './support/turns.ts'

const { asAlice, asBob, createBudget, sql, ours } = await freshTenants()

let budget: string
beforeEach(async () => {
  budget = (await createBudget({ organization: ours })).id
})

const keyOf = (cell: number) => ({ module: 'm', entity: null, field: `f${cell}`, period: null })
const numbersOf = async (count: number) => {
  const references = Array.from({ length: count }, (_, cell) => ['m', null, `f${cell}`, null])
  return (await asBob((as) => read(as, budget, references))).cells.map((cell) => cell?.number)
}
const items = (count: number, number: string) =>
  Array.from({ length: count }, (_, cell) => ({ ...keyOf(cell), number }))
const state = () => asAlice((as) => undoState(as, budget))

/** Five cells, all 1, and then in a step of their own all 2. */
async function twoSteps(): Promise<string> {
  await asAlice((as) => write(as, budget, items(5, '1')))
  const session = randomUUID()
  await asAlice((as) => write(as, budget, items(3, '2'), { session }))
  await asAlice((as) => write(as, budget, items(5, '2').slice(3), { session }))
  return session
}
const takeTwo = (operation?: string) =>
  asAlice((as) => undo(as, budget, { limit: 2, ...(operation && { operation }) }))

describe('the undo of a step with more changes than one call may take', () => {
  it('takes the newest first, says that there are more, and goes on with the next call', async () => {
    const sessionId = await twoSteps()
    expect(await takeTwo()).toMatchObject({ sessionId, more: true, revision: 4 })
    expect(await numbersOf(5)).toEqual(['2', '2', '2', '1', '1'])
    expect(await takeTwo()).toMatchObject({ sessionId, more: true, revision: 5 })
    const last = await takeTwo()
    expect(last).toMatchObject({ sessionId, more: false, revision: 6 })
    expect(outcomes(last)).toEqual(['reverted'])
    expect(await numbersOf(5)).toEqual(['1', '1', '1', '1', '1'])
    expect((await state()).undo?.sessionId).not.toBe(sessionId)
  })

  it('shows as unfinished, on both stacks, until it is done', async () => {
    const sessionId = await twoSteps()
    expect(await state()).toMatchObject({ undo: { sessionId, unfinished: null }, redo: null })
    await takeTwo()
    const half = { sessionId, unfinished: 'undo' }
    expect(await state()).toMatchObject({ undo: half, redo: half })
    await takeTwo()
    await takeTwo()
    expect(await state()).toMatchObject({ redo: { sessionId, unfinished: null } })
  })

  it('can be taken back half-way, which can be left half-way too', async () => {
    const sessionId = await twoSteps()
    await takeTwo()
    await takeTwo()
    const first = await asAlice((as) => redo(as, budget, { limit: 2 }))
    expect(first).toMatchObject({ sessionId, more: true })
    expect(await state()).toMatchObject({ undo: { sessionId, unfinished: 'redo' }, redo: { sessionId } })
    expect(await numbersOf(5)).toEqual(expect.arrayContaining(['1', '2']))
    await asAlice((as) => undo(as, budget))
    expect(await numbersOf(5)).toEqual(['1', '1', '1', '1', '1'])
    await asAlice((as) => redo(as, budget))
    expect(await numbersOf(5)).toEqual(['2', '2', '2', '2', '2'])
    expect(await state()).toMatchObject({ undo: { sessionId, unfinished: null }, redo: null })
  })

  it('lies under what the user writes then, and goes on when that is undone, or at once when it is named', async () => {
    const sessionId = await twoSteps()
    await takeTwo()
    const { sessionId: later } = await asAlice((as) => write(as, budget, [{ ...keyOf(9), number: '9' }]))
    expect(await state()).toMatchObject({ undo: { sessionId: later }, redo: null })
    const scope = { session: sessionId }
    expect(await asAlice((as) => undo(as, budget, { limit: 2, scope }))).toMatchObject({
      sessionId,
      more: true,
    })
    expect(await takeTwo()).toMatchObject({ sessionId: later, more: false })
    expect(await takeTwo()).toMatchObject({ sessionId, more: false })
    expect(await numbersOf(5)).toEqual(['1', '1', '1', '1', '1'])
    expect(await asAlice((as) => undo(as, budget, { scope }))).toMatchObject({ sessionId: null, more: false })
  })

  it('is not joined by what is written in its session meanwhile: that is a step of its own', async () => {
    const session = await twoSteps()
    await takeTwo()
    const reply = await asAlice((as) => write(as, budget, [{ ...keyOf(4), number: '7' }], { session }))
    expect(reply.sessionId).not.toBe(session)
    await asAlice((as) => undo(as, budget))
    await asAlice((as) => undo(as, budget))
    expect(await numbersOf(5)).toEqual(['1', '1', '1', '1', '1'])
  })

  it('is another member’s as little as a whole one', async () => {
    const session = await twoSteps()
    await takeTwo()
    const theirs = await asBob((as) => undo(as, budget, { scope: { session } }))
    expect(theirs).toMatchObject({ sessionId: null, results: [] })
  })

  it('passes over a locked cell, and tells of it once', async () => {
    await twoSteps()
    await sql`UPDATE efir_budget.planning_cells SET is_locked = true WHERE budget_version_id = ${budget} AND field_name = 'f1'`
    const parts = [await takeTwo(), await takeTwo(), await takeTwo()]
    expect(parts.flatMap(outcomes).sort()).toEqual(['locked', 'reverted', 'reverted', 'reverted', 'reverted'])
    expect(await numbersOf(5)).toEqual(['1', '2', '1', '1', '1'])
  })

  it('answers a repeated part as before', async () => {
    await twoSteps()
    const operation = randomUUID()
    const first = await takeTwo(operation)
    expect(await takeTwo(operation)).toEqual(first)
    // Whoever asked for less only because more took too long repeats the call as he made it first.
    expect(await asAlice((as) => undo(as, budget, { operation }))).toEqual(first)
    expect(await takeTwo()).toMatchObject({ more: true })
    expect(await takeTwo()).toMatchObject({ more: false })
  })

  it('is previewed as far as it is whole', async () => {
    const sessionId = await twoSteps()
    await takeTwo()
    const rest = await asAlice((as) => previewUndo(as, budget))
    expect(rest).toMatchObject({ sessionId, more: false })
    expect(outcomes(rest)).toEqual(['reverted', 'reverted', 'reverted'])
  })

  it.each([
    [{ limit: 0 }, 'p_limit'],
    [{ limit: 10_001 }, 'p_limit'],
    [{ scope: { session: 'no uuid' } }, 'p_scope.session'],
    [{ scope: { sesion: randomUUID() } }, 'p_scope'],
  ])('refuses %j', async (options, field) => {
    const refusal = await refusalOf(asAlice((as) => undo(as, budget, options)))
    expect(refusal).toMatchObject({ code: 'PT422', detail: { field } })
  })
})

const CELLS = 4
type Command =
  | { readonly kind: 'write'; readonly cells: readonly number[]; readonly session: number }
  | { readonly kind: 'undo' | 'redo' }
const command: fc.Arbitrary<Command> = fc.oneof(
  fc.record({
    kind: fc.constant('write' as const),
    cells: fc.uniqueArray(fc.nat(CELLS - 1), { minLength: 1 }),
    session: fc.nat(2),
  }),
  fc.record({ kind: fc.constantFrom('undo' as const, 'redo' as const) }),
)
const turns = { undo, redo }

/** What the cells are after the commands, in a budget of their own; undo and redo take at most `limit` changes a call. */
async function play(commands: readonly (Command & { readonly isBob: boolean })[], limit: number) {
  const { id } = await createBudget({ organization: ours })
  const sessions = Array.from({ length: 6 }, () => randomUUID())
  for (const [index, step] of commands.entries()) {
    await (step.isBob ? asBob : asAlice)(async (as) => {
      if (step.kind === 'write') {
        const written = step.cells.map((cell) => ({ ...keyOf(cell), number: String(index) }))
        await write(as, id, written, { session: sessions[step.session + (step.isBob ? 3 : 0)]! })
      }
    })
    if (step.kind === 'write') continue
    const turn = () => (step.isBob ? asBob : asAlice)((as) => turns[step.kind](as, id, { limit }))
    while ((await turn()).more) continue
  }
  return await sql`
    SELECT field_name, value_numeric, value_type, version, effective_version, effective_author, modified_by
    FROM efir_budget.planning_cells WHERE budget_version_id = ${id} ORDER BY field_name`
}

describe('undo and redo in parts', () => {
  it(
    'end where undo and redo at once do, in random histories of two users',
    { timeout: 120_000 },
    async () => {
      const histories = fc.array(fc.tuple(command, fc.boolean()), { minLength: 3, maxLength: 12 })
      await fc.assert(
        fc.asyncProperty(histories, fc.integer({ min: 1, max: 3 }), async (given, limit) => {
          const commands = given.map(([step, isBob]) => ({ ...step, isBob }))
          expect(await play(commands, limit)).toEqual(await play(commands, 10_000))
        }),
        { numRuns: 60 },
      )
    },
  )
})

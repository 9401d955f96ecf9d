/**
 * Random histories of several users, and how to run many of them. A failing one is shrunk and can be run
 * again: CELLS_SEED=… CELLS_PATH=… (both are printed), CELLS_RUNS for how many.
 */
import fc from 'fast-check'
import { compareHistory } from './compare.ts'
import type { Engine } from './engine.ts'
import type { Base, Command, History } from './history.ts'
import type { ChangeType, Content, Mode, Value } from './model/types.ts'

export type HistoryOptions = {
  /** Commands in the longest history; 40 unless told. */
  readonly length?: number
  /** Cells from before the log; the engine must be able to plant them. */
  readonly seeds?: boolean
  /** Users who are denied single cells; the engine must have `permit`. */
  readonly permissions?: boolean
}

const names = (all: readonly string[], atLeast: number) =>
  fc.integer({ min: atLeast, max: all.length }).map((count) => all.slice(0, count))

export function histories(options: HistoryOptions = {}): fc.Arbitrary<History> {
  const length = options.length ?? 40
  return fc
    .record({
      users: names(['ana', 'ben', 'cho', 'dev'], 2),
      cells: names(['a', 'b', 'c', 'd', 'e', 'f'], 1),
      budgets: fc.oneof({ arbitrary: fc.constant(1), weight: 3 }, { arbitrary: fc.constant(2), weight: 1 }),
    })
    .chain(({ users, cells, budgets }) => {
      const budget = ['north', 'south'].slice(0, budgets)
      const seeded = fc.dictionary(fc.constantFrom(...cells), fc.constantFrom<Value>('7', null), {
        maxKeys: 2,
      })
      const seeds = fc.tuple(...budget.map(() => (options.seeds === false ? fc.constant({}) : seeded)))
      return fc.record({
        users: fc.constant(users),
        cells: fc.constant(cells),
        seeds: seeds.map((each) =>
          Object.fromEntries(budget.map((name, index) => [name, { ...each[index] }])),
        ),
        commands: fc
          .array(commands(users, cells, budget, options), { minLength: 1, maxLength: length, size: 'max' })
          .map((bursts) => bursts.flat().slice(0, length)),
      })
    })
}

function commands(
  users: readonly string[],
  cells: readonly string[],
  budgets: readonly string[],
  options: HistoryOptions,
): fc.Arbitrary<Command[]> {
  const who = { user: fc.constantFrom(...users), budget: fc.constantFrom(...budgets) }
  const cell = fc.constantFrom(...cells)
  const some = fc.uniqueArray(cell, { minLength: 1, maxLength: cells.length })
  const mode = fc.constantFrom<Mode>('atomic', 'partial')
  const base = fc.oneof(
    { arbitrary: fc.constantFrom<Base>('current', 'any'), weight: 6 },
    { arbitrary: fc.constant<Base>('seen'), weight: 2 },
    { arbitrary: fc.constant<Base>('new'), weight: 1 },
  )
  // Few values, so that users repeat each other's; the text "1" is not the number 1.
  const put = fc.oneof(
    { arbitrary: fc.constantFrom('1', '2', '3').map((value): Content => ({ value })), weight: 8 },
    { arbitrary: fc.constantFrom<Content>('gone', { value: null }, { value: { text: '1' } }), weight: 3 },
  )
  const item = fc.record({ cell, put, base })
  const write = fc.record({
    do: fc.constant('write' as const),
    ...who,
    byProgram: fc.oneof(
      { arbitrary: fc.constant(false), weight: 9 },
      { arbitrary: fc.constant(true), weight: 1 },
    ),
    // Now and then one cell twice.
    items: fc.oneof(
      {
        arbitrary: fc.uniqueArray(item, { minLength: 1, maxLength: 4, selector: (each) => each.cell }),
        weight: 9,
      },
      { arbitrary: fc.array(item, { minLength: 2, maxLength: 4 }), weight: 1 },
    ),
    mode,
    type: fc.oneof(
      { arbitrary: fc.constant<ChangeType>('manual'), weight: 6 },
      { arbitrary: fc.constantFrom<ChangeType>('spread', 'import', 'calculation'), weight: 2 },
    ),
    session: fc.oneof(
      { arbitrary: fc.constant(null), weight: 2 },
      { arbitrary: fc.constantFrom('paste', 'plan'), weight: 1 },
    ),
  })
  const locks = fc.constantFrom('lock' as const, 'unlock' as const)
  const permits = fc.constantFrom('deny' as const, 'permit' as const)
  const permissions = options.permissions === false ? 0 : 1
  // One user's, in a row: left to chance, the others' steps would lie between nearly always. Now and then a
  // lock falls between an undo and its redo.
  const move = fc.oneof(
    {
      arbitrary: fc.record({ do: fc.constantFrom('undo' as const, 'undo' as const, 'redo' as const) }),
      weight: 9,
    },
    { arbitrary: fc.record({ do: locks, cells: some }), weight: 1 },
    { arbitrary: fc.record({ do: permits, cell }), weight: permissions },
  )
  const turns = fc
    .record({ ...who, moves: fc.array(move, { minLength: 1, maxLength: 5 }) })
    .map(({ moves, ...by }) => moves.map((each): Command => ({ ...each, ...by })))
  const restore = fc.record({
    do: fc.constant('restore' as const),
    ...who,
    cells: some,
    back: fc.nat({ max: 12 }),
    mode,
  })
  const retry = fc.record({
    do: fc.constant('retry' as const),
    back: fc.nat({ max: 4 }),
    altered: fc.boolean(),
  })
  const look = fc.record({ do: fc.constant('look' as const), user: who.user })
  const one = (arbitrary: fc.Arbitrary<Command>, weight: number) => ({
    arbitrary: arbitrary.map((command) => [command]),
    weight,
  })
  return fc.oneof(
    one(write, 14),
    { arbitrary: turns, weight: 6 },
    one(look, 1),
    one(fc.record({ do: locks, ...who, cells: some }), 2),
    one(restore, 1),
    one(retry, 2),
    one(fc.record({ do: permits, ...who, cell }), permissions),
  )
}

export type RunOptions = HistoryOptions & {
  readonly runs?: number
  readonly seed?: number
}

/** Drives histories against engines made fresh for each; rejects with the smallest failing one it can find. */
export async function checkHistories(
  createEngine: (history: History) => Engine | Promise<Engine>,
  options: RunOptions = {},
): Promise<void> {
  const { CELLS_SEED, CELLS_PATH, CELLS_RUNS } = process.env
  const seed = CELLS_SEED === undefined ? options.seed : Number(CELLS_SEED)
  const property = fc.asyncProperty(histories(options), async (history) => {
    const engine = await createEngine(history)
    try {
      await compareHistory(engine, history)
    } finally {
      await engine.close?.()
    }
  })
  const run = await fc.check(property, {
    numRuns: CELLS_RUNS === undefined ? (options.runs ?? 1_000) : Number(CELLS_RUNS),
    ...(seed === undefined ? {} : { seed }),
    ...(CELLS_PATH === undefined ? {} : { path: CELLS_PATH }),
  })
  if (!run.failed) return
  const replay = `CELLS_SEED=${run.seed} CELLS_PATH=${run.counterexamplePath ?? ''}`
  const reason = run.errorInstance instanceof Error ? run.errorInstance.message : String(run.errorInstance)
  throw new Error(`History ${run.numRuns} of seed ${run.seed} fails. Again: ${replay}\n\n${reason}`, {
    cause: run.errorInstance,
  })
}

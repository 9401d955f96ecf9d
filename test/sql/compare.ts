/** Runs a history against an engine and the model side by side, and tells the first difference. */
import { perform, logRow, type Engine, type LogRow } from './engine.ts'
import type { Base, Command, History } from './history.ts'
import { readCell } from './model/rule.ts'
import { apply, budgetOf, createWorld, preview, type World } from './model/world.ts'
import type { Call, Item, Reply, TurnReply, Value } from './model/types.ts'

class HistoryMismatch extends Error {
  override readonly name = 'HistoryMismatch'
}

export async function compareHistory(engine: Engine, history: History): Promise<void> {
  const run = new Run(engine, history)
  for (const command of history.commands) await run.step(command)
  await run.finish()
}

class Run {
  readonly #engine: Engine
  readonly #history: History
  #world: World
  readonly #calls: Call[] = []
  readonly #trace: string[] = []
  /** What each user last saw: `user budget/cell` to a version, 0 for none. */
  readonly #seen = new Map<string, number>()
  /** The model's step ids by the engine's. */
  readonly #steps = new Map<string, string>()
  #clock = 0

  constructor(engine: Engine, history: History) {
    this.#engine = engine
    this.#history = history
    this.#world = createWorld(history.seeds)
    for (const user of history.users) this.#look(user)
  }

  async step(command: Command): Promise<void> {
    if (command.do === 'look') {
      this.#look(command.user)
      return
    }
    const call = this.#resolve(command)
    if (!call) return
    this.#trace.push(describeCall(call))
    if (call.kind === 'undo' || call.kind === 'redo') await this.#preview(call.budget, call.kind, call.user)

    const [world, expected] = apply(this.#world, call)
    this.#world = world
    this.#calls.push(call)
    const actual = await perform(this.#engine, call)
    this.#expect('the reply', expected, this.#inModelTerms(actual, expected))
    this.#trace.push(`    ${JSON.stringify(expected)}`)
    if (call.kind === 'write' && call.user !== null && 'results' in expected)
      for (const [index, result] of expected.results.entries())
        if (result.outcome === 'written')
          this.#seen.set(`${call.user} ${call.budget}/${call.items[index]!.cell}`, result.version)
    await this.#compareCells()
  }

  async finish(): Promise<void> {
    for (const [name, budget] of Object.entries(this.#world.budgets)) {
      const log = await this.#engine.readLog(name)
      const expected = byPlace(budget.log.map(logRow))
      const actual = byPlace(log).map((row, index) => ({
        ...row,
        step: this.#modelStep(row.step, expected[index]?.step ?? null),
      }))
      this.#expect(`the log of ${name}`, expected, actual)
      for (const user of this.#history.users)
        for (const kind of ['undo', 'redo'] as const) await this.#preview(name, kind, user)
    }
  }

  async #preview(budget: string, kind: 'undo' | 'redo', user: string): Promise<void> {
    const expected = preview(this.#world, budget, kind, user)
    const actual = await this.#engine.preview(budget, kind, user)
    this.#expect(
      `the preview of ${user}'s ${kind} in ${budget}`,
      expected,
      this.#inModelTerms(actual, expected),
    )
  }

  async #compareCells(): Promise<void> {
    for (const [name, budget] of Object.entries(this.#world.budgets)) {
      const cells = await this.#engine.readCells(name, this.#history.cells)
      const named = (read: readonly unknown[]) =>
        Object.fromEntries(this.#history.cells.map((cell, index) => [cell, read[index]]))
      const expected = this.#history.cells.map((cell) => readCell(budget, cell))
      this.#expect(`the cells of ${name}`, named(expected), named(cells))
    }
  }

  #look(user: string): void {
    for (const [name, budget] of Object.entries(this.#world.budgets))
      for (const cell of this.#history.cells)
        this.#seen.set(`${user} ${name}/${cell}`, readCell(budget, cell)?.version ?? 0)
  }

  #resolve(command: Exclude<Command, { do: 'look' }>): Call | undefined {
    if (command.do === 'retry') {
      const earlier = this.#calls.filter((call) => 'operation' in call).at(-1 - command.back)
      return earlier && command.altered ? alter(earlier) : earlier
    }
    const { user, budget } = command
    const operation = `operation ${(this.#clock += 1)}`
    switch (command.do) {
      case 'write': {
        const { byProgram, mode, type } = command
        const author = byProgram ? null : user
        const session =
          command.session === null ? null : `${author ?? 'program'}'s ${command.session} in ${budget}`
        const items = command.items.map(({ cell, put, base }): Item => ({
          cell,
          put,
          base: this.#version(base, user, budget, cell),
        }))
        return { kind: 'write', budget, user: author, items, mode, type, session, operation }
      }
      case 'undo':
      case 'redo':
        return { kind: command.do, budget, user, operation }
      case 'lock':
      case 'unlock':
        return { kind: command.do, budget, user, cells: command.cells }
      case 'permit':
      case 'deny':
        return { kind: command.do, budget, user, cell: command.cell }
      case 'restore': {
        const revision = Math.max(0, budgetOf(this.#world, budget).revision - command.back)
        return {
          kind: 'restore',
          budget,
          user,
          cells: command.cells,
          revision,
          mode: command.mode,
          operation,
        }
      }
    }
  }

  #version(base: Base, user: string, budget: string, cell: string): number | null {
    if (base === 'any') return null
    if (base === 'new') return 0
    if (base === 'seen') return this.#seen.get(`${user} ${budget}/${cell}`) ?? 0
    return readCell(budgetOf(this.#world, budget), cell)?.version ?? 0
  }

  #inModelTerms(actual: Reply | TurnReply, expected: Reply | TurnReply): unknown {
    if (!('step' in actual)) return actual
    return { ...actual, step: this.#modelStep(actual.step, 'step' in expected ? expected.step : null) }
  }

  /** Step ids are the engine's own: the first time one shows up it is taken for the model's, then held to that. */
  #modelStep(engineStep: string | null, modelStep: string | null): string | null {
    if (engineStep === null) return null
    const known = this.#steps.get(engineStep)
    if (known !== undefined) return known
    if (modelStep === null || [...this.#steps.values()].includes(modelStep))
      return `unknown step ${engineStep}`
    this.#steps.set(engineStep, modelStep)
    return modelStep
  }

  #expect(what: string, expected: unknown, actual: unknown): void {
    const differences = diff(expected, actual)
    if (differences.length === 0) return
    throw new HistoryMismatch(
      [
        `${what} is not what the model says:`,
        ...differences.map((line) => `  ${line}`),
        '',
        'after:',
        ...this.#trace.map((line) => `  ${line}`),
        '',
        `seeds: ${JSON.stringify(this.#history.seeds)}`,
      ].join('\n'),
    )
  }
}

/** The same operation id with another payload. */
function alter(call: Call): Call {
  if (call.kind === 'write' || call.kind === 'restore')
    return { ...call, mode: call.mode === 'atomic' ? 'partial' : 'atomic' }
  if (call.kind === 'undo' || call.kind === 'redo')
    return { ...call, kind: call.kind === 'undo' ? 'redo' : 'undo' }
  return call
}

/** A call changes a cell once, so revision and cell are the place of a record, whatever order it is read in. */
const byPlace = (rows: readonly LogRow[]): LogRow[] =>
  [...rows].sort((one, other) => one.revision - other.revision || (one.cell < other.cell ? -1 : 1))

function diff(expected: unknown, actual: unknown, path = ''): string[] {
  if (JSON.stringify(expected) === JSON.stringify(actual)) return []
  if (!isTree(expected) || !isTree(actual))
    return [`${path || 'it'}: expected ${print(expected)}, got ${print(actual)}`]
  const keys = [...new Set([...Object.keys(expected), ...Object.keys(actual)])]
  return keys.flatMap((key) => diff(expected[key], actual[key], path ? `${path}.${key}` : key))
}

const isTree = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null

const print = (value: unknown): string => (value === undefined ? 'nothing' : JSON.stringify(value))

const printValue = (value: Value): string =>
  value === null ? 'empty' : typeof value === 'string' ? value : JSON.stringify(value.text)

function describeCall(call: Call): string {
  const who = `${call.user ?? 'a program'} in ${call.budget}`
  switch (call.kind) {
    case 'write': {
      const items = call.items.map(({ cell, put, base }) => {
        const what = put === 'gone' ? `delete ${cell}` : `${cell} = ${printValue(put.value)}`
        return base === null ? what : `${what} (on version ${base})`
      })
      const how = [call.type, call.mode, ...(call.session === null ? [] : [call.session]), call.operation]
      return `${who}: ${items.join(', ')} [${how.join(', ')}]`
    }
    case 'restore':
      return `${who}: restore ${call.cells.join(', ')} to revision ${call.revision} [${call.mode}, ${call.operation}]`
    case 'undo':
    case 'redo':
      return `${who}: ${call.kind} [${call.operation}]`
    case 'lock':
    case 'unlock':
      return `${who}: ${call.kind} ${call.cells.join(', ')}`
    case 'permit':
    case 'deny':
      return `${who}: ${call.kind} ${call.cell}`
  }
}

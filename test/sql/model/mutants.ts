/**
 * Models with one mistake each, of the kind an implementation in SQL could make. The harness is worth its
 * time only if it finds every one of them.
 */
import { ModelEngine, type Seeds } from '../engine.ts'
import { changesOf, effective, isUndone } from './rule.ts'
import { budgetOf, type World } from './world.ts'
import type { Budget, Call, Cell, Content, Reply, TurnReply } from './types.ts'

type Mistake = {
  /** What becomes of a call before it is carried out. */
  readonly call?: (call: Call, world: World) => Call
  /** The budget as the call finds it. */
  readonly before?: (budget: Budget, call: Call) => Budget
  /** The budget as the call leaves it. */
  readonly after?: (budget: Budget, call: Call, was: Budget, reply: Reply) => Budget
  readonly read?: (cell: Cell | null, name: string, budget: Budget) => Cell | null
}

class MistakenEngine extends ModelEngine {
  readonly #mistake: Mistake

  constructor(seeds: Seeds, mistake: Mistake) {
    super(seeds)
    this.#mistake = mistake
  }

  override perform(given: Call): Reply {
    const { call: change, before, after } = this.#mistake
    const was = budgetOf(this.world, given.budget)
    const call = change ? change(given, this.world) : given
    if (isRepeat(call, this.world)) return super.perform(call)
    if (before) this.world = withBudget(this.world, before(was, call))
    const reply = super.perform(call)
    const is = budgetOf(this.world, given.budget)
    if (after) this.world = withBudget(this.world, after(is, call, was, reply))
    return reply
  }

  override async readCells(budget: string, cells: readonly string[]): Promise<readonly (Cell | null)[]> {
    const read = await super.readCells(budget, cells)
    const { read: see } = this.#mistake
    const state = budgetOf(this.world, budget)
    return see ? read.map((cell, index) => see(cell, cells[index]!, state)) : read
  }
}

const withBudget = (world: World, budget: Budget): World => ({
  ...world,
  budgets: { ...world.budgets, [budget.name]: budget },
})

const isRepeat = (call: Call, { operations }: World) =>
  'operation' in call && operations[call.operation] !== undefined
const isTurn = (call: Call) => call.kind === 'undo' || call.kind === 'redo'
const turned = (reply: Reply): TurnReply => ('cells' in reply ? reply : { step: null, cells: [] })
const landed = (reply: Reply) =>
  'results' in reply && reply.results.some(({ outcome }) => outcome === 'written')

let copies = 0

const mistakes: Readonly<Record<string, Mistake>> = {
  'undo writes the inverse of the change': {
    // What a row would hold that got the old value on undo and the new one on redo, unless it was buried.
    read: (cell, name, { log, seeds }) => {
      let content: Content = { value: seeds[name] ?? null }
      for (const entry of log.filter((each) => each.cell === name)) {
        const own = changesOf(log, name).filter((change) => change.step === entry.step)
        if (entry.kind === 'change') content = entry.after
        else if (entry.before !== entry.after)
          content = entry.kind === 'undo' ? own[0]!.before : own.at(-1)!.after
      }
      return cell && { ...cell, value: content === 'gone' ? null : content.value }
    },
  },
  "a user's budgets share one stack": {
    call: (call) => (isTurn(call) ? { ...call, budget: 'north' } : call),
  },
  'a new step leaves redo alone': {
    after: (budget, { user }, was, reply) => {
      const now = budget.stacks[user ?? '']
      const redo = was.stacks[user ?? '']?.redo
      if (!landed(reply) || !now || !redo) return budget
      return { ...budget, stacks: { ...budget.stacks, [user!]: { ...now, redo } } }
    },
  },
  'an unchanged write is a step': {
    after: (budget, call, _was, reply) => {
      if (call.kind !== 'write' || call.user === null || !('results' in reply)) return budget
      if (!reply.results.every(({ outcome }) => outcome === 'unchanged')) return budget
      const { undo } = budget.stacks[call.user] ?? { undo: [] }
      const id = `${budget.name}#${budget.steps.length + 1}`
      return {
        ...budget,
        steps: [...budget.steps, { id, user: call.user, session: call.session }],
        stacks: { ...budget.stacks, [call.user]: { undo: [...undo, id], redo: [] } },
      }
    },
  },
  'a repeated operation takes effect twice': {
    call: (call, world) =>
      'operation' in call && JSON.stringify(world.operations[call.operation]?.call) === JSON.stringify(call)
        ? { ...call, operation: `${call.operation} again ${(copies += 1)}` }
        : call,
  },
  'a confirmation is no change': {
    before: (budget, call) =>
      call.kind === 'write' && call.user !== null
        ? { ...budget, log: budget.log.map((entry) => ({ ...entry, user: call.user })) }
        : budget,
    after: (budget, call, was) =>
      call.kind === 'write' ? { ...budget, log: [...was.log, ...budget.log.slice(was.log.length)] } : budget,
  },
  'a buried cell gets no undo row': {
    after: (budget, call, was, reply) => {
      if (!isTurn(call)) return budget
      const buried = turned(reply).cells.filter(
        ({ outcome }) => outcome === 'superseded' || outcome === 'missing',
      )
      const made = budget.log
        .slice(was.log.length)
        .filter(({ cell }) => !buried.some((each) => each.cell === cell))
      return { ...budget, log: [...was.log, ...made] }
    },
  },
  'undo goes through a lock': {
    before: (budget, call) => (isTurn(call) ? { ...budget, locked: [] } : budget),
    after: (budget, call, was) => (isTurn(call) ? { ...budget, locked: was.locked } : budget),
  },
  'redo puts the change on top': {
    after: (budget, call, was) => {
      if (call.kind !== 'redo') return budget
      const steps = new Set(budget.log.slice(was.log.length).map(({ step }) => step))
      const lifted = budget.log.filter((entry) => entry.kind === 'change' && steps.has(entry.step))
      return { ...budget, log: [...budget.log.filter((entry) => !lifted.includes(entry)), ...lifted] }
    },
  },
  'a calculation can be undone': {
    call: (call) =>
      call.kind === 'write' && call.type === 'calculation'
        ? { ...call, type: 'spread', operation: `${call.operation} calculation` }
        : call,
    after: (budget, call, { log }) => ({
      ...budget,
      log:
        'operation' in call && call.operation.endsWith('calculation')
          ? [
              ...log,
              ...budget.log.slice(log.length).map((entry) => ({ ...entry, type: 'calculation' as const })),
            ]
          : budget.log,
    }),
  },
  'undo takes back the last step of anybody': {
    before: (budget, call) => {
      const last = budget.log.findLast(
        (entry) => entry.kind === 'change' && entry.step && !isUndone(budget.log, entry),
      )
      if (call.kind !== 'undo' || !last?.step) return budget
      return { ...budget, stacks: { ...budget.stacks, [call.user]: { undo: [last.step], redo: [] } } }
    },
  },
  'a buried undo moves the version': {
    after: (budget, call, _was, reply) => {
      if (!isTurn(call)) return budget
      const buried = turned(reply).cells.filter(({ outcome }) => outcome === 'superseded')
      const moved = buried.map(({ cell }) => [cell, (budget.versions[cell] ?? 1) + 1])
      return {
        ...budget,
        versions: { ...budget.versions, ...(Object.fromEntries(moved) as Budget['versions']) },
      }
    },
  },
  'an undone creation leaves no cell': {
    read: (cell, name, { log, seeds }) =>
      cell && seeds[name] === undefined && !effective(log, name) ? null : cell,
  },
  'a stale write lands': {
    call: (call) =>
      call.kind === 'write' ? { ...call, items: call.items.map((item) => ({ ...item, base: null })) } : call,
  },
  'an atomic batch lands its good items': {
    after: (budget, call, was, reply) => {
      if (call.kind !== 'write' || !('refused' in reply) || budget !== was) return budget
      const engine = new ModelEngine({})
      engine.world = { budgets: { [budget.name]: budget }, operations: {} }
      engine.perform({ ...call, mode: 'partial' })
      return budgetOf(engine.world, budget.name)
    },
  },
  'a step that could not move at all stays on top': {
    after: (budget, call, was, reply) =>
      isTurn(call) && turned(reply).step !== null && budget.log.length === was.log.length
        ? { ...budget, stacks: was.stacks }
        : budget,
  },
  'an undone session takes more changes': {
    before: (budget, call) => {
      if (call.kind !== 'write' || call.user === null || call.session === null) return budget
      const { undo, redo } = budget.stacks[call.user] ?? { undo: [], redo: [] }
      const own = budget.steps.findLast((step) => step.session === call.session)
      if (!own || undo.includes(own.id)) return budget
      return { ...budget, stacks: { ...budget.stacks, [call.user]: { undo: [...undo, own.id], redo } } }
    },
    after: (budget, call, was, reply) =>
      call.kind === 'write' && !landed(reply) ? { ...budget, stacks: was.stacks } : budget,
  },
  'a cell that comes back starts at version 1': {
    before: (budget, call) => {
      if (call.kind !== 'write') return budget
      const gone = Object.keys(budget.versions).filter(
        (cell) => effective(budget.log, cell)?.after === 'gone',
      )
      const kept = Object.entries(budget.versions).filter(([cell]) => !gone.includes(cell))
      return { ...budget, versions: Object.fromEntries(kept) }
    },
  },
}

export const mutants: readonly { readonly name: string; readonly create: (seeds: Seeds) => ModelEngine }[] =
  Object.entries(mistakes).map(([name, mistake]) => ({
    name,
    create: (seeds) => new MistakenEngine(seeds, mistake),
  }))

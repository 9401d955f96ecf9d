/**
 * The model of DESIGN §2.3 as one pure function: `apply(world, call)` gives the next world and the reply.
 * docs/reference/undo.md is the same in words.
 */
import { turn } from './turn.ts'
import { shown } from './rule.ts'
import { restore, write } from './write.ts'
import type { Budget, Call, LockCall, PermitCall, Reply, TurnReply, Value } from './types.ts'

export type World = {
  readonly budgets: Readonly<Record<string, Budget>>
  readonly operations: Readonly<Record<string, { readonly call: Call; readonly reply: Reply }>>
}

export function createWorld(seeds: Readonly<Record<string, Readonly<Record<string, Value>>>>): World {
  const budgets = Object.entries(seeds).map(([name, cells]): [string, Budget] => [
    name,
    {
      name,
      revision: 0,
      seeds: cells,
      versions: Object.fromEntries(Object.keys(cells).map((cell) => [cell, 1])),
      locked: [],
      denied: [],
      log: [],
      steps: [],
      stacks: {},
    },
  ])
  return { budgets: Object.fromEntries(budgets), operations: {} }
}

export function apply(world: World, call: Call): [World, Reply] {
  const earlier = 'operation' in call ? world.operations[call.operation] : undefined
  if (earlier) {
    const repeated = JSON.stringify(earlier.call) === JSON.stringify(call)
    return [world, repeated ? earlier.reply : { refused: 'invalid', items: [] }]
  }

  const [budget, reply] = act(budgetOf(world, call.budget), call)
  const next = { ...world, budgets: { ...world.budgets, [call.budget]: budget } }
  // A refusal rolls everything back, the memory of the operation too: sent again, it is judged again.
  if (!('operation' in call) || 'refused' in reply) return [next, reply]
  return [{ ...next, operations: { ...world.operations, [call.operation]: { call, reply } } }, reply]
}

/** What an undo or redo would do now, without doing it. */
export function preview(world: World, budget: string, kind: 'undo' | 'redo', user: string): TurnReply {
  return turn(budgetOf(world, budget), kind, user)[1]
}

export function budgetOf(world: World, name: string): Budget {
  const budget = world.budgets[name]
  if (!budget) throw new Error(`no budget ${name}`)
  return budget
}

function act(budget: Budget, call: Call): [Budget, Reply] {
  switch (call.kind) {
    case 'write':
      return write(budget, call)
    case 'restore':
      return restore(budget, call)
    case 'undo':
    case 'redo': {
      const [next, reply] = turn(budget, call.kind, call.user)
      return [next, { ...reply, revision: next.revision }]
    }
    case 'lock':
    case 'unlock':
      return withRevision(lock(budget, call))
    case 'permit':
    case 'deny':
      return withRevision(permit(budget, call))
  }
}

const withRevision = (budget: Budget): [Budget, Reply] => [budget, { revision: budget.revision }]

/** A lock is a change of the row (its version moves) and none in the rule: no step, no undo, redo stays. */
function lock(budget: Budget, { kind, cells }: LockCall): Budget {
  const locking = kind === 'lock'
  const turned = cells.filter(
    (cell) => shown(budget, cell) !== 'gone' && budget.locked.includes(cell) !== locking,
  )
  if (turned.length === 0) return budget
  const versions = Object.fromEntries(turned.map((cell) => [cell, (budget.versions[cell] ?? 1) + 1]))
  return {
    ...budget,
    revision: budget.revision + 1,
    versions: { ...budget.versions, ...versions },
    locked: locking ? [...budget.locked, ...turned] : budget.locked.filter((cell) => !turned.includes(cell)),
  }
}

function permit(budget: Budget, { kind, user, cell }: PermitCall): Budget {
  const others = budget.denied.filter((entry) => entry !== `${user} ${cell}`)
  return { ...budget, denied: kind === 'deny' ? [...others, `${user} ${cell}`] : others }
}

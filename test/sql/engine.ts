/**
 * What a history is driven against: the model, a broken model, or the SQL over a connection. An adapter for the
 * SQL answers in the model's words; names of budgets, cells, users and operations are the history's, and
 * turning them into uuids and keys is the adapter's business. Step ids are opaque: only sameness counts.
 */
import { readCell } from './model/rule.ts'
import { apply, budgetOf, createWorld, preview, type World } from './model/world.ts'
import type {
  Call,
  Cell,
  Change,
  Content,
  Entry,
  LockCall,
  PermitCall,
  Refusal,
  Reply,
  RestoreCall,
  TurnCall,
  TurnReply,
  Value,
  WriteCall,
  WriteReply,
} from './model/types.ts'

/** Cells that are there, at version 1, before the log begins; by budget. */
export type Seeds = Readonly<Record<string, Readonly<Record<string, Value>>>>

/** A record as the log tells it. Records of locks are left out; `after` of a buried mark is what stays shown. */
export type LogRow = {
  readonly revision: number
  readonly cell: string
  readonly kind: Change['type'] | 'undo' | 'redo'
  readonly user: string | null
  /** For undo and redo the step that was turned; null where nobody can undo it (programs, calculations). */
  readonly step: string | null
  /** The value before; null for an empty cell and for none. */
  readonly before: Value
  readonly after: Content
  /** The cell's version afterwards. */
  readonly version: number
}

export interface Engine {
  write(call: WriteCall): Promise<WriteReply>
  restore(call: RestoreCall): Promise<WriteReply>
  /** Undo or redo, by `call.kind`. */
  turn(call: TurnCall): Promise<(TurnReply & { readonly revision: number }) | Refusal>
  preview(budget: string, kind: 'undo' | 'redo', user: string): Promise<TurnReply>
  lock(call: LockCall): Promise<{ readonly revision: number }>
  /** Lets or denies a user a cell; an engine without such a thing has none (and no such histories). */
  permit?(call: PermitCall): Promise<{ readonly revision: number }>
  /** In the order of the names; null where there is no cell. */
  readCells(budget: string, cells: readonly string[]): Promise<readonly (Cell | null)[]>
  /** The whole log, in any order. */
  readLog(budget: string): Promise<readonly LogRow[]>
  close?(): Promise<void>
}

export function perform(engine: Engine, call: Call): Promise<Reply> {
  switch (call.kind) {
    case 'write':
      return engine.write(call)
    case 'restore':
      return engine.restore(call)
    case 'undo':
    case 'redo':
      return engine.turn(call)
    case 'lock':
    case 'unlock':
      return engine.lock(call)
    case 'permit':
    case 'deny':
      if (!engine.permit)
        throw new Error('the engine knows no permissions: drive it with { permissions: false }')
      return engine.permit(call)
  }
}

export const logRow = (entry: Entry): LogRow => ({
  revision: entry.revision,
  cell: entry.cell,
  kind: entry.kind === 'change' ? entry.type : entry.kind,
  user: entry.user,
  step: entry.step,
  before: entry.before === 'gone' ? null : entry.before.value,
  after: entry.after,
  version: entry.version,
})

/** The model behind the interface that the SQL will stand behind. */
export class ModelEngine implements Engine {
  world: World

  constructor(seeds: Seeds) {
    this.world = createWorld(seeds)
  }

  perform(call: Call): Reply {
    const [world, reply] = apply(this.world, call)
    this.world = world
    return reply
  }

  write = async (call: WriteCall) => this.perform(call) as WriteReply
  restore = async (call: RestoreCall) => this.perform(call) as WriteReply
  turn = async (call: TurnCall) => this.perform(call) as TurnReply & { revision: number }
  lock = async (call: LockCall) => this.perform(call) as { revision: number }
  permit = async (call: PermitCall) => this.perform(call) as { revision: number }

  async preview(budget: string, kind: 'undo' | 'redo', user: string): Promise<TurnReply> {
    return preview(this.world, budget, kind, user)
  }

  async readCells(budget: string, cells: readonly string[]): Promise<readonly (Cell | null)[]> {
    return cells.map((cell) => readCell(budgetOf(this.world, budget), cell))
  }

  async readLog(budget: string): Promise<readonly LogRow[]> {
    return budgetOf(this.world, budget).log.map(logRow)
  }
}

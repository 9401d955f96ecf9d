import {
  Budget,
  Comments,
  History,
  Leases,
  Locks,
  PastBudget,
  type Cells,
  type CommentReference,
  type StoredCell,
} from '@efir/cells'

/** Whose calls they are. */
export interface Caller {
  readonly cells: Cells
  readonly budget: Budget
}

/** What the calls are about. */
export interface Subject {
  readonly cell: StoredCell
  readonly comment: CommentReference
}

export interface EveryCall {
  /** `Class.method`. */
  readonly name: string
  readonly changes: boolean
  readonly run: (caller: Caller, subject: Subject) => Promise<unknown>
}

/** Every public method of the core that asks the server something. */
export const everyCall: readonly EveryCall[] = [
  asks('Cells.inbox', ({ cells }) => Array.fromAsync(cells.inbox())),
  asks('Budget.read', ({ budget }, { cell }) => budget.read(cell)),
  asks('Budget.readMany', ({ budget }, { cell }) => budget.readMany([cell])),
  asks('Budget.list', ({ budget }) => Array.fromAsync(budget.list())),
  asks('Budget.snapshot', ({ budget }) => budget.snapshot()),
  changes('Budget.write', ({ budget }, { cell }) => budget.write(cell, '2')),
  changes('Budget.delete', ({ budget }, { cell }) => budget.delete(cell)),
  changes('Budget.writeMany', ({ budget }, { cell }) => budget.writeMany([{ cell, value: '3' }])),
  changes('Budget.begin', async ({ budget }, { cell }) => {
    using session = budget.begin('Begun')
    return await session.write(cell, '4')
  }),
  changes('Budget.session', ({ budget }, { cell }) =>
    budget.session('Session', async (session) => await session.delete(cell)),
  ),
  changes('Budget.undo', ({ budget }) => budget.undo()),
  changes('Budget.redo', ({ budget }) => budget.redo()),
  asks('Budget.preview', ({ budget }) => budget.preview('undo')),
  changes('Budget.restore', ({ budget }) => budget.restore({ revision: 2 }, { filter: { field: 'growth' } })),
  asks('PastBudget.read', ({ budget }, { cell }) => budget.asOf({ revision: 1 }).read(cell)),
  asks('PastBudget.readMany', ({ budget }, { cell }) => budget.asOf({ revision: 1 }).readMany([cell])),
  asks('PastBudget.list', ({ budget }) => Array.fromAsync(budget.asOf({ revision: 1 }).list())),
  asks('PastBudget.revision', ({ budget }) => budget.asOf({ revision: 1 }).revision()),
  asks('History.state', ({ budget }) => budget.history.state()),
  asks('History.list', ({ budget }) => Array.fromAsync(budget.history.list())),
  changes('Comments.add', ({ budget }, { cell }) => budget.comments.add(cell, 'Added')),
  changes('Comments.reply', ({ budget }, { comment }) => budget.comments.reply(comment, 'Answered')),
  changes('Comments.edit', ({ budget }, { comment }) => budget.comments.edit(comment, 'Edited')),
  changes('Comments.delete', ({ budget }, { comment }) => budget.comments.delete(comment)),
  changes('Comments.resolve', ({ budget }, { comment }) => budget.comments.resolve(comment)),
  changes('Comments.reopen', ({ budget }, { comment }) => budget.comments.reopen(comment)),
  asks('Comments.list', ({ budget }) => Array.fromAsync(budget.comments.list())),
  asks('Comments.counts', ({ budget }, { cell }) => budget.comments.counts({ cells: [cell] })),
  changes('Comments.markRead', ({ budget }, { comment }) => budget.comments.markRead([comment])),
  asks('Comments.inbox', ({ budget }) => Array.fromAsync(budget.comments.inbox())),
  changes('Locks.lock', ({ budget }, { cell }) => budget.locks.lock({ cells: [cell] })),
  changes('Locks.unlock', ({ budget }, { cell }) => budget.locks.unlock({ cells: [cell] })),
  asks('Locks.list', ({ budget }) => Array.fromAsync(budget.locks.list())),
  asks('Leases.list', ({ budget }) => budget.leases.list()),
  changes('Leases.acquire', ({ budget }, { cell }) => budget.leases.acquire(cell, { ifAvailable: true })),
]

/** What hands out one of the above, or looks at what was answered, and sends nothing itself. */
const asksNobody = ['Budget.asOf', 'Budget.history', 'Budget.refusalOf', 'Cells.budget', 'Cells.on']
/** Live sheets have tests of their own: they go on where a call would end. */
const live = ['Budget.open']

/** The methods that are neither in the table nor known to ask nobody. */
export function forgotten(cells: Cells): string[] {
  const known = new Set([...everyCall.map(({ name }) => name), ...asksNobody, ...live])
  const methods = [Budget, Comments, History, Leases, Locks, PastBudget].flatMap((type) =>
    Object.getOwnPropertyNames(type.prototype).map((method) => `${type.name}.${method}`),
  )
  return [...Object.keys(cells).map((method) => `Cells.${method}`), ...methods].filter(
    (name) => !name.endsWith('.constructor') && !known.has(name),
  )
}

function asks(name: string, run: EveryCall['run']): EveryCall {
  return { name, changes: false, run }
}

function changes(name: string, run: EveryCall['run']): EveryCall {
  return { name, changes: true, run }
}

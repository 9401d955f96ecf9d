import type { Budget, CellAddress, CellSelection, CommentCount, CommentThread, Mention } from '../index.ts'
import { readCells } from './cell-argument.ts'
import { toFilter, type FilterFlags } from './cell-filter.ts'
import { cellWords, countOf } from './cell-words.ts'
import type { Run } from './command.ts'
import { mentionWords, threadWords } from './comment-words.ts'
import { openBudget, openCells } from './connection.ts'
import { CommandError, exitCodes } from './exit-codes.ts'
import { aligned, Listing, type ListFlags } from './listing.ts'
import type { Io } from './output.ts'

type ThreadFlags = FilterFlags & ListFlags & { readonly open?: boolean; readonly resolved?: boolean }

export async function runList({
  options,
  settings,
  arguments: names,
  io,
  output,
}: Run<ThreadFlags>): Promise<number> {
  const { limit, open, resolved } = options
  if (open === true && resolved === true) {
    throw new CommandError('usage', 'Either --open or --resolved; without one of them, both.')
  }
  const budget = openBudget(settings)
  const which = await toSelection(names, options, io)
  const wanted = open === true ? false : resolved
  const list = budget.comments.list(
    { ...which, resolved: wanted },
    { pageSize: Math.min(limit, 100), signal: io.signal },
  )
  const listing = new Listing<CommentThread>(output, (threads) => threads.flatMap(threadWords))
  const more = await listing.take(threadsOf(list.pages()), limit)
  listing.end({ more }, 'threads', [
    listing.count === 0 ? 'No threads.' : `${countOf(listing.count, 'thread')}.`,
    ...(more ? ['There are more: --limit takes a number, or all.'] : []),
  ])
  return exitCodes.ok
}

type InboxFlags = ListFlags & { readonly unread?: boolean; readonly allBudgets?: boolean }

export async function runInbox({ options, settings, io, output }: Run<InboxFlags>): Promise<number> {
  if (settings.token === undefined) {
    throw new CommandError(
      'usage',
      "Whose inbox? Mentions are a signed-in user's, and a key alone has none: set CELLS_ACCESS_TOKEN.",
    )
  }
  const { limit, allBudgets = false } = options
  const whose = allBudgets ? openCells(settings) : openBudget(settings).comments
  const list = whose.inbox({ unread: options.unread }, { pageSize: Math.min(limit, 100), signal: io.signal })
  const listing = new Listing<Mention>(output, (mentions) =>
    mentions.flatMap((mention) => mentionWords(mention, allBudgets)),
  )
  let unread = 0
  const items = async function* () {
    for await (const page of list.pages()) {
      unread = page.unread
      yield page.items
    }
  }
  const more = await listing.take(items(), limit)
  listing.end({ unread, more }, 'mentions', [
    `${countOf(listing.count, 'mention')}; ${unread.toLocaleString('en')} unread in all.`,
    ...(more ? ['There are more: --limit takes a number, or all.'] : []),
  ])
  return exitCodes.ok
}

export async function runCounts({
  options,
  settings,
  arguments: names,
  io,
  output,
}: Run<FilterFlags>): Promise<number> {
  const budget = openBudget(settings)
  const which = await toSelection(names, options, io)
  const counted = await count(budget, which, io.signal)
  const total = { comments: 0, unresolvedThreads: 0, unread: 0 }
  for (const { comments, unresolvedThreads, unread } of counted) {
    total.comments += comments
    total.unresolvedThreads += unresolvedThreads
    total.unread += unread
  }
  const rows = counted.map(({ cell, id, ...counts }) => [
    cell === null ? (id ?? '') : cellWords(cell),
    ...countParts(counts),
  ])
  output.result(
    { ...total, cells: counted },
    aligned([...rows, [countOf(counted.length, 'cell'), ...countParts(total)]]),
  )
  return exitCodes.ok
}

const countParts = ({ comments, unresolvedThreads, unread }: CommentCount): string[] => [
  countOf(comments, 'comment'),
  `${unresolvedThreads.toLocaleString('en')} open`,
  `${unread.toLocaleString('en')} unread`,
]

type CountedCell = CommentCount & { readonly cell: CellAddress | null; readonly id?: string }

/** Of cells by name all of them; of a filter those that have comments, by the addresses that their threads tell. */
async function count(budget: Budget, which: CellSelection, signal: AbortSignal): Promise<CountedCell[]> {
  const counts = await budget.comments.counts(which, { signal })
  if (which.cells !== undefined) return which.cells.map((cell) => ({ cell, ...counts.of(cell) }))
  const cells = new Map<string, CellAddress>()
  for await (const { cellId, address } of budget.comments.list(which, { pageSize: 500, signal })) {
    cells.set(cellId, address)
  }
  return [...counts.byId].map(([id, each]) => ({ cell: cells.get(id) ?? null, id, ...each }))
}

async function toSelection(names: readonly string[], flags: FilterFlags, io: Io): Promise<CellSelection> {
  const filter = toFilter(flags)
  if (names.length === 0) return { filter }
  if (Object.keys(filter).length === 0) return { cells: await readCells(names, io) }
  throw new CommandError('usage', 'Either name the cells, or say which with --module, --entity, …: not both.')
}

async function* threadsOf(pages: AsyncIterable<{ readonly threads: readonly CommentThread[] }>) {
  for await (const { threads } of pages) yield threads
}

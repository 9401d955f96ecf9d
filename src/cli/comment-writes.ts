import { text as textOf } from 'node:stream/consumers'
import type { CellComment, ThreadState } from '../index.ts'
import { parseCell } from './cell-argument.ts'
import { countOf } from './cell-words.ts'
import { firstOf, type Run } from './command.ts'
import { openBudget } from './connection.ts'
import { CommandError, exitCodes } from './exit-codes.ts'
import type { Io } from './output.ts'

type TextFlags = { readonly mention?: readonly string[] }

export async function runAdd(run: Run<TextFlags>): Promise<number> {
  const budget = openBudget(run.settings)
  const cell = parseCell(firstOf(run.arguments))
  const comment = await budget.comments.add(cell, await readText(run), optionsOf(run))
  return tell(run, comment, `Thread ${comment.id} begun.`)
}

export async function runReply(run: Run<TextFlags>): Promise<number> {
  const budget = openBudget(run.settings)
  const comment = await budget.comments.reply(firstOf(run.arguments), await readText(run), optionsOf(run))
  return tell(run, comment, `Comment ${comment.id} in thread ${comment.threadId}.`)
}

export const runResolve = (run: Run<object>): Promise<number> => settle('resolve', run)
export const runReopen = (run: Run<object>): Promise<number> => settle('reopen', run)

/** One after the other; what was done before one that is refused stays, and can be done again. */
async function settle(
  turn: 'resolve' | 'reopen',
  { settings, arguments: ids, io: { signal }, output }: Run<object>,
): Promise<number> {
  const { comments } = openBudget(settings)
  const threads: ThreadState[] = []
  for (const id of ids) {
    threads.push(await comments[turn](id, { signal }))
    output.line(`${turn === 'resolve' ? 'Resolved' : 'Reopened'}: ${id}`)
  }
  output.result({ threads }, [])
  return exitCodes.ok
}

export async function runMarkRead({
  options: { all = false },
  settings,
  arguments: ids,
  io: { signal },
  output,
}: Run<{ readonly all?: boolean }>): Promise<number> {
  if (all === ids.length > 0) throw new CommandError('usage', 'Which comments? Give their ids, or --all.')
  const threads = await openBudget(settings).comments.markRead(all ? 'all' : ids, { signal })
  output.result({ threads }, [`Read: ${countOf(threads, 'thread')} had news.`])
  return exitCodes.ok
}

function tell({ output }: Run<TextFlags>, comment: CellComment, words: string): number {
  output.result(comment, [words])
  return exitCodes.ok
}

const optionsOf = ({ options, io }: Run<TextFlags>) => ({ mentions: options.mention, signal: io.signal })

async function readText({ arguments: [, given = ''], io }: { arguments: readonly string[]; io: Io }) {
  return given === '-' ? (await textOf(io.input)).replace(/\r?\n$/, '') : given
}

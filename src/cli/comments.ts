import type { Command } from 'commander'
import { cellHelp } from './cell-argument.ts'
import { filterFlags } from './cell-filter.ts'
import { addCommand, budgetFlags, examples, gather, type Flags, type MakeAction } from './command.ts'
import { runCounts, runInbox, runList } from './comment-lists.ts'
import { runAdd, runMarkRead, runReopen, runReply, runResolve } from './comment-writes.ts'
import { listFlags } from './listing.ts'

export function addComments(program: Command, action: MakeAction): void {
  const comments = program
    .command('comments')
    .description('read and write what people say about cells')
    .addHelpText(
      'after',
      examples(
        'efir-cells comments list --open',
        'efir-cells comments add revenue/fees/2026 "Check with HR"',
        'efir-cells comments inbox --unread',
      ),
    )

  addCommand(comments, 'list', 'threads, newest first', budgetFlags, cellsFlags, filterFlags, listFlags)
    .option('--open', 'only threads that are not resolved')
    .option('--resolved', 'only threads that are')
    .addHelpText(
      'after',
      cellHelp +
        examples('efir-cells comments list --open', 'efir-cells comments list revenue/fees/2026 --json'),
    )
    .action(action(runList))

  addCommand(comments, 'add', 'begin a thread on a cell', budgetFlags, textFlags)
    .argument('<cell>', 'which cell')
    .argument('<text>', 'what to say; - for stdin')
    .addHelpText(
      'after',
      cellHelp +
        examples(
          'efir-cells comments add revenue/fees/2026 "Check with HR" --mention 0199a3c4-0000-7000-8000-000000000001',
          'efir-cells comments add staff/posts - < note.txt',
        ),
    )
    .action(action(runAdd))

  addCommand(comments, 'reply', 'answer in a thread', budgetFlags, textFlags)
    .argument('<thread>', 'its id, or that of any comment in it')
    .argument('<text>', 'what to say; - for stdin')
    .addHelpText(
      'after',
      examples('efir-cells comments reply 0199a3c4-0000-7000-8000-000000000001 "Agreed."'),
    )
    .action(action(runReply))

  addCommand(comments, 'resolve', 'say that threads are settled', budgetFlags)
    .argument('<thread...>', 'their ids')
    .addHelpText('after', examples('efir-cells comments resolve 0199a3c4-0000-7000-8000-000000000001'))
    .action(action(runResolve))

  addCommand(comments, 'reopen', 'say that threads are not settled after all', budgetFlags)
    .argument('<thread...>', 'their ids')
    .addHelpText('after', examples('efir-cells comments reopen 0199a3c4-0000-7000-8000-000000000001'))
    .action(action(runReopen))

  addCommand(comments, 'inbox', 'comments that mention you, newest first', budgetFlags, listFlags)
    .option('--unread', 'only those that you have not read')
    .option('--all-budgets', 'of every budget that you may see')
    .addHelpText(
      'after',
      examples('efir-cells comments inbox --unread', 'efir-cells comments inbox --all-budgets --json'),
    )
    .action(action(runInbox))

  addCommand(
    comments,
    'mark-read',
    'say that you have read comments, and what stands before them',
    budgetFlags,
  )
    .argument('[comment...]', 'their ids')
    .option('--all', 'all comments of the budget')
    .addHelpText(
      'after',
      examples(
        'efir-cells comments mark-read 0199a3c4-0000-7000-8000-000000000001',
        'efir-cells comments mark-read --all',
      ),
    )
    .action(action(runMarkRead))

  addCommand(comments, 'counts', 'how many comments cells have', budgetFlags, cellsFlags, filterFlags)
    .addHelpText(
      'after',
      cellHelp +
        examples(
          'efir-cells comments counts',
          'efir-cells comments counts --module revenue --json',
          'efir-cells comments counts revenue/fees/2026 revenue/fees/2027',
        ),
    )
    .action(action(runCounts))
}

const cellsFlags: Flags = (command) =>
  command.argument('[cell...]', 'cells by name; - for those that stdin names, one a line')

const textFlags: Flags = (command) =>
  command.option('--mention <user>', 'calls on a member, by user id (again for more)', gather)

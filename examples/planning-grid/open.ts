import { join } from 'node:path'
import type { LocalStack } from '@efir/cells/local'
import type { Stage } from '../tour/stage.ts'
import type { ReceiptsRow } from '../federal-budget/receipts.ts'
import { outlineOf, repeatRows } from './accounts.ts'
import { buildPage, linkOf, servePage } from './serve.ts'
import { giveSession } from './sessions.ts'

/** The grid of a stage, with a link for each of the people on it. */
export async function openGrid(stack: LocalStack, stage: Stage, rows: readonly ReceiptsRow[], port: number) {
  const directory = join(stack.directory, 'page')
  await buildPage(directory)
  const { title, budgetVersionId, alice, bob, mallory } = stage
  const server = await servePage(
    directory,
    (query) => ({
      url: stack.url,
      anonKey: stack.anonKey,
      budgetVersionId,
      title,
      // `?rows=1000` shows more accounts than there are cells for: those are empty until somebody writes them.
      outline: outlineOf(query.has('rows') ? repeatRows(rows, Number(query.get('rows'))) : rows),
      people: [alice, bob].map(({ id, name }) => ({ id, name })),
    }),
    port,
  )
  const links = []
  for (const person of [alice, bob, mallory]) {
    const credentials = await giveSession(stack, person)
    links.push({ ...credentials, link: linkOf(`${server.origin}/`, credentials) })
  }
  return { links, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
}

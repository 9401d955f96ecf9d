import { randomUUID } from 'node:crypto'
import type postgres from 'postgres'
import type { Picked, World } from './world.ts'

/** A call of write_cells, ready to be sent: what is timed is the call and not the making of its text. */
export type WriteCall = readonly [
  budget: string,
  items: string,
  mode: string,
  operation: string,
  session: string,
]

export interface WriteReply {
  readonly revision: number
  readonly results: readonly (readonly [string, ...unknown[]])[]
}

const WRITE = `SELECT efir_budget.write_cells($1, $2::text::jsonb, $3, $4, $5)::text AS reply`

let written = 0
/** A number that no cell of the bench has been given before. */
export const freshNumber = (): string => `${(written += 1)}.5`

/** By natural key, each based on the version that was picked: the way of a sheet that pastes. */
export function writeCall(
  world: World,
  cells: readonly Picked[],
  {
    mode = 'atomic',
    numbers,
  }: { readonly mode?: 'atomic' | 'partial'; readonly numbers?: readonly string[] } = {},
): WriteCall {
  const items = cells.map(({ module, entity, field, period, version }, index) => ({
    module,
    entity,
    field,
    period,
    base: version,
    number: numbers?.[index] ?? freshNumber(),
  }))
  return [world.budget, JSON.stringify(items), mode, randomUUID(), randomUUID()]
}

/** Sends it; the reply as text, as it would leave for the client. */
export async function send(sql: postgres.Sql, call: WriteCall): Promise<string> {
  const [row] = await sql.unsafe<{ reply: string }[]>(WRITE, [...call], { prepare: true })
  return row?.reply ?? ''
}

/** Moves the picked versions on, and refuses to go on when a write that had to succeed did not. */
export function settle(cells: readonly Picked[], reply: string): void {
  const { results } = JSON.parse(reply) as WriteReply
  for (const [index, cell] of cells.entries()) {
    const [outcome, , version] = results[index] ?? ['nothing']
    if (outcome !== 'written')
      throw new Error(`A write of the bench ended as ${JSON.stringify(results[index])}.`)
    cell.version = version as number
  }
}

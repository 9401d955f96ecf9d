/** From the words of the wire and of the log to the model's. */
import postgres from 'postgres'
import type { Cell, Content, Item, ItemResult, Refusal, Value } from '../model/types.ts'

export type Row = Readonly<Record<string, unknown>>

/** A cell as the wire has it: docs/reference/wire.md. */
export type Tuple = readonly [
  id: string,
  module: string,
  entity: string | null,
  field: string,
  period: string | null,
  number: string | null,
  text: string | null,
  valueType: Cell['valueType'],
  isLocked: boolean,
  lockReason: string | null,
  version: number,
  ...unknown[],
]

type Gone = readonly [
  id: string,
  module: string,
  entity: string | null,
  field: string,
  period: string | null,
  version: number,
]

/** What an undo, a redo or a restore says of a cell. */
export type TurnResult = readonly [outcome: string, cell: Tuple | null, gone?: Gone]

export function contentOf(number: unknown, text: unknown): { readonly value: Value } {
  if (typeof text === 'string') return { value: { text } }
  return { value: typeof number === 'string' ? number : null }
}

export const cellOfTuple = (tuple: Tuple | null): Cell | null =>
  tuple && {
    ...contentOf(tuple[5], tuple[6]),
    valueType: tuple[7],
    version: tuple[10],
    locked: tuple[8],
  }

export function itemOf({ put, base }: Item): Row {
  const what = putOf(put)
  return base === null ? what : { ...what, base }
}

function putOf(put: Content): Row {
  if (put === 'gone') return { delete: true }
  if (put.value === null) return {}
  return typeof put.value === 'string' ? { number: put.value } : { text: put.value.text }
}

export function itemResult(result: readonly unknown[]): ItemResult {
  const [outcome, first, second] = result
  switch (outcome) {
    case 'written':
      return { outcome, version: second as number }
    case 'unchanged':
    case 'conflict':
    case 'locked':
      return { outcome, current: cellOfTuple(first as Tuple | null) }
    case 'forbidden':
      return { outcome }
    case 'invalid':
      return { outcome, field: first as 'key' }
    default:
      throw new Error(`The model has no such result: ${JSON.stringify(result)}`)
  }
}

const refusals: Readonly<Record<string, Refusal['refused']>> = {
  PT422: 'invalid',
  PT403: 'forbidden',
  PT423: 'locked',
  PT409: 'conflict',
}

/** @param indexOf Where the model has a refused cell, if not where the refusal says. */
export function refusalOf(error: unknown, indexOf?: (tuple: Tuple) => number): Refusal {
  const refused = error instanceof postgres.PostgresError ? refusals[error.code] : undefined
  if (refused === undefined) throw error
  const detail = JSON.parse((error as postgres.PostgresError).detail ?? '{}') as {
    results?: (readonly [index: number, ...result: unknown[]])[]
  }
  const items = (detail.results ?? []).map(([index, ...result]) => ({
    index: indexOf ? indexOf(result[1] as Tuple) : index,
    result: itemResult(result),
  }))
  return { refused, items: items.sort((one, other) => one.index - other.index) }
}

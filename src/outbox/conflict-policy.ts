import type { Cell } from '../model/cell.ts'
import { toDecimalText } from '../model/decimal.ts'
import type { PendingValue } from '../store/facts.ts'

/** What to do about a write that somebody else was faster than, by name. */
export type PolicyName = 'reject' | 'lastWrite' | 'increment' | 'custom'

/** The three sides of a conflict. `theirs` may be a missing cell: they deleted it. */
export interface ConflictSides {
  readonly base: Cell
  readonly mine: PendingValue
  readonly theirs: Cell
}

export type Resolution =
  | { readonly type: 'write'; readonly value: PendingValue }
  | { readonly type: 'theirs' }
  | { readonly type: 'reject' }

/** The policies that need nobody to ask. */
export function resolveByName(policy: PolicyName, { base, mine, theirs }: ConflictSides): Resolution {
  if (policy === 'lastWrite') return { type: 'write', value: mine }
  if (policy !== 'increment' || mine === 'deleted' || mine.number === null) return { type: 'reject' }
  const [before, now] = [amount(base), amount(theirs)]
  if (before === undefined || now === undefined) return { type: 'reject' }
  try {
    const number = toDecimalText(unscaled(now + scaled(mine.number) - before))
    return { type: 'write', value: { number, text: null } }
  } catch {
    // More than the database holds.
    return { type: 'reject' }
  }
}

/** Whether a cell shows just what a write wants it to show. */
export function shows(cell: Cell, value: PendingValue): boolean {
  if (value === 'deleted') return !cell.exists
  if (value.number !== null) return cell.kind === 'number' && cell.value === value.number
  if (value.text !== null) return cell.kind === 'text' && cell.value === value.text
  return cell.kind === 'empty'
}

const fractionDigits = 4

/** As ten-thousandths; an empty cell counts as nought, and text is no amount. */
function amount({ kind, value }: Cell): bigint | undefined {
  if (kind === 'text') return undefined
  return value === null ? 0n : scaled(value)
}

function scaled(decimal: string): bigint {
  const [integer = '', fraction = ''] = decimal.split('.')
  return BigInt(integer + fraction.padEnd(fractionDigits, '0'))
}

function unscaled(amount: bigint): string {
  const digits = String(amount < 0n ? -amount : amount).padStart(fractionDigits + 1, '0')
  return `${amount < 0n ? '-' : ''}${digits.slice(0, -fractionDigits)}.${digits.slice(-fractionDigits)}`
}

import type { StoredCell } from '../../src/model/cell.ts'
import { toCell } from '../../src/transport/wire.ts'
import { seeded, timePrefix, type Random } from '../data/random.ts'
import { fieldName, keyOf, TEXT_FIELD } from '../data/shape.ts'

const people = Array.from({ length: 50 }, (_, number) => seeded(500 + number).uuid())
const began = Date.parse('2026-09-01T00:00:00Z')

/**
 * A page of a budget's cells as it comes off the wire: parsed from JSON, so that no two cells share a string unless the
 * store under test makes them, and decoded. The same for the same place.
 */
export function page(from: number, to: number): StoredCell[] {
  const random = seeded(7000 + from)
  const tuples = Array.from({ length: to - from }, (_, index) => tupleOf(from + index, random))
  return (JSON.parse(JSON.stringify(tuples)) as unknown[]).map((tuple) => toCell(tuple, () => 'the bench'))
}

/** The cell as somebody else's write, or an undo, left it: one version on. */
export function changed(cell: StoredCell, version: number, random: Random): StoredCell {
  const tuple = [
    ...[cell.id, cell.module, cell.entity, cell.field, cell.period],
    ...[decimal(random), null, cell.valueType, cell.isLocked, cell.lockReason],
    ...[version, people[random.below(50)], moment(random)],
  ]
  return toCell(JSON.parse(JSON.stringify(tuple)), () => 'the bench')
}

function tupleOf(number: number, random: Random): unknown[] {
  const { module, entity, field, period } = keyOf(number)
  const isLocked = random.below(100) === 0
  return [
    ...[random.uuidAt(timePrefix(began + number)), module, entity, fieldName(field), period],
    ...(field === TEXT_FIELD ? [null, `Note ${random.bits()}`] : [decimal(random), null]),
    ...['input', isLocked, isLocked ? 'Approved' : null],
    ...[1 + random.below(9), people[random.below(50)], moment(random)],
  ]
}

const decimal = (random: Random) => String((random.below(2_000_000_000) - 500_000_000) / 10_000)

function moment(random: Random): string {
  const milliseconds = began + random.below(7_000_000_000)
  return new Date(milliseconds).toISOString().replace('Z', `${100 + random.below(9) * 111}+00:00`)
}

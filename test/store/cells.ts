import type { CellAddress, ResolvedAddress, StoredCell } from '@efir/cells'
import type { GoneCell } from '../../src/store/facts.ts'

export const address = (
  module: string,
  field: string,
  entity: string | null = null,
  period: string | null = null,
): ResolvedAddress => ({ module, entity, field, period })

export const number = (value: string) => ({ number: value, text: null })
export const text = (value: string) => ({ number: null, text: value })

const zero = '00000000-0000-4000-8000-'

/** The same id for the same address, as in the database. */
export function idOf({ module, entity = null, field, period = null }: CellAddress): string {
  let hash = 0
  for (const unit of JSON.stringify([module, entity, field, period])) {
    hash = (hash * 31 + (unit.codePointAt(0) ?? 0)) % 0x1_0000_0000_0000
  }
  return zero + hash.toString(16).padStart(12, '0')
}

export function stored(at: ResolvedAddress, content: Partial<StoredCell> & { version: number }): StoredCell {
  return Object.freeze({
    module: at.module,
    entity: at.entity,
    field: at.field,
    period: at.period,
    exists: true,
    id: idOf(at),
    kind: 'number',
    value: String(content.version),
    valueType: 'input',
    isLocked: false,
    lockReason: null,
    modifiedBy: null,
    modifiedAt: '2026-09-01T10:00:00+00:00',
    ...content,
  })
}

export const gone = (at: ResolvedAddress, version: number): GoneCell => ({ ...at, id: idOf(at), version })

import { createCheckpoints } from 'tinybase/checkpoints'
import { createStore, type Row } from 'tinybase/store'
import type { StoredCell } from '../../src/model/cell.ts'
import type { Subject } from './subject.ts'

const table = 'cells'

/** A row a cell, by id, with the same columns as in the database; a listener a cell's value; undo by checkpoints. */
export function open(): Subject {
  const store = createStore()
  const checkpoints = createCheckpoints(store)
  return {
    load(pages) {
      for (const page of pages) {
        store.transaction(() => {
          for (const cell of page) store.setRow(table, cell.id, rowOf(cell))
        })
      }
      checkpoints.clear()
    },
    listen({ id }, heard) {
      store.addCellListener(table, id, 'value', (_store, _table, _row, _cell, value) =>
        heard(value as string | null),
      )
    },
    write(next) {
      store.setPartialRow(table, next.id, changeOf(next))
    },
    step(next) {
      checkpoints.addCheckpoint()
      store.transaction(() => {
        for (const cell of next) store.setPartialRow(table, cell.id, changeOf(cell))
      })
      checkpoints.addCheckpoint('step')
    },
    undo() {
      checkpoints.goBackward()
    },
    valueOf: ({ id }) => (store.getCell(table, id, 'value') ?? null) as string | null,
  }
}

const rowOf = (cell: StoredCell): Row => ({
  module: cell.module,
  entity: cell.entity,
  field: cell.field,
  period: cell.period,
  valueType: cell.valueType,
  isLocked: cell.isLocked,
  lockReason: cell.lockReason,
  ...changeOf(cell),
})

const changeOf = ({ value, kind, version, modifiedBy, modifiedAt }: StoredCell): Row => ({
  value,
  kind,
  version,
  modifiedBy,
  modifiedAt,
})

import { CellStore } from '../../src/store/cell-store.ts'
import type { Subject } from './subject.ts'

/** A step is pending first, then confirmed. Undo is the server's, and its answer is a fact like any other. */
export function open(): Subject {
  const store = new CellStore()
  let revision = 0
  return {
    load(pages) {
      revision += 1
      const read = store.beginSnapshot()
      for (const page of pages) read.page(revision, page)
      read.end()
    },
    listen(cell, heard) {
      store.subscribe(cell, ({ value }) => heard(value))
    },
    write(next) {
      revision += 1
      store.confirm({ revision, cells: [next] })
    },
    step(next) {
      store.overlay(next.map((cell) => [cell, { number: cell.value, text: null }]))
      revision += 1
      store.commit(() => {
        store.overlay(next.map((cell) => [cell, null]))
        store.confirm({ revision, cells: next })
      })
    },
    undo(restored) {
      revision += 1
      store.confirm({ revision, cells: restored })
    },
    valueOf: (cell) => store.get(cell).value,
  }
}

import * as Y from 'yjs'
import type { StoredCell } from '../../src/model/cell.ts'
import type { Subject } from './subject.ts'

/**
 * A shared map of plain objects, an entry a cell: a shared map a cell costs several times as much. One observer looks its
 * listeners up by the keys that changed. Undo by an UndoManager, which follows the user's own steps.
 */
export function open(): Subject {
  const document = new Y.Doc()
  const cells = document.getMap<StoredCell>('cells')
  const undo = new Y.UndoManager(cells, { trackedOrigins: new Set(['user']) })
  const listeners = new Map<string, (value: string | null) => void>()
  cells.observe((event) => {
    for (const key of event.keysChanged as Set<string>) listeners.get(key)?.(cells.get(key)?.value ?? null)
  })
  return {
    load(pages) {
      for (const page of pages) {
        document.transact(() => {
          for (const cell of page) cells.set(cell.id, cell)
        })
      }
    },
    listen({ id }, heard) {
      listeners.set(id, heard)
    },
    write(next) {
      cells.set(next.id, next)
    },
    step(next) {
      document.transact(() => {
        for (const cell of next) cells.set(cell.id, cell)
      }, 'user')
    },
    undo() {
      undo.undo()
    },
    valueOf: ({ id }) => cells.get(id)?.value ?? null,
  }
}

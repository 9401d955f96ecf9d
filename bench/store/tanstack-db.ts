import { createCollection, createTransaction, type SyncConfig, type Transaction } from '@tanstack/db'
import type { StoredCell } from '../../src/model/cell.ts'
import type { Subject } from './subject.ts'

type Source = Parameters<SyncConfig<StoredCell, string>['sync']>[0]

/**
 * A collection that a source keeps in step, an item a cell. One subscription looks its listeners up by key: a subscription a
 * key, with `where`, asks all ten thousand about every change. It has no undo: a step is an optimistic transaction,
 * rolled back.
 */
export function open(): Subject {
  let source!: Source
  let step: Transaction | undefined
  const collection = createCollection<StoredCell, string>({
    id: 'cells',
    getKey: ({ id }) => id,
    startSync: true,
    sync: {
      sync(given) {
        source = given
        given.markReady()
      },
    },
  })
  const listeners = new Map<string, (value: string | null) => void>()
  collection.subscribeChanges((changes) => {
    for (const { key, value } of changes) listeners.get(key)?.(value.value)
  })
  return {
    load(pages) {
      for (const page of pages) {
        source.begin()
        for (const value of page) source.write({ type: 'insert', value })
        void source.commit()
      }
    },
    listen({ id }, heard) {
      listeners.set(id, heard)
    },
    write(value) {
      source.begin()
      source.write({ type: 'update', value })
      void source.commit()
    },
    step(next) {
      step = createTransaction({ autoCommit: false, mutationFn: () => new Promise(() => undefined) })
      step.mutate(() => {
        collection.update(
          next.map(({ id }) => id),
          (drafts) => {
            for (const [index, draft] of drafts.entries()) Object.assign(draft, next[index])
          },
        )
      })
    },
    undo() {
      step?.when('settled').catch(() => undefined)
      step?.rollback()
    },
    valueOf: ({ id }) => collection.get(id)?.value ?? null,
  }
}

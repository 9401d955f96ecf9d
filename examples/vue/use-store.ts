import { onScopeDispose, shallowRef, type ShallowRef } from 'vue'
import type { ExternalStore } from '@efir/cells'

/** What a store of a sheet shows (`sheet.cell(…)`, `sheet.range(…)`, `sheet.status`), until the scope is gone. */
export function useStore<Shown>(store: ExternalStore<Shown>): Readonly<ShallowRef<Shown>> {
  const shown = shallowRef(store.getSnapshot()) // shallow: snapshots are frozen, and replaced
  onScopeDispose(store.subscribe(() => (shown.value = store.getSnapshot())))
  return shown
}

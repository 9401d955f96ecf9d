import type { ExternalStore } from '../index.ts'

/** One value to subscribe to. */
export interface ValueStore<Value> extends ExternalStore<Value> {
  /** Replaces the value and tells, unless it is the same. */
  readonly set: (value: Value) => void
}

/** A value as an external store; a server shows what it began with. */
export function valueStore<Value>(first: Value): ValueStore<Value> {
  let value = first
  const listeners = new Set<{ readonly listener: () => void }>()
  return {
    getSnapshot: () => value,
    getServerSnapshot: () => first,
    subscribe(listener) {
      const entry = { listener }
      listeners.add(entry)
      return () => void listeners.delete(entry)
    },
    set(next) {
      if (next === value) return
      value = next
      for (const { listener } of [...listeners]) listener()
    },
  }
}

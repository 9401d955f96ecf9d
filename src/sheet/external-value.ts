import type { ExternalStore } from '../store/facts.ts'

/** One value to subscribe to. */
export interface ExternalValue<Value> extends ExternalStore<Value> {
  /** Replaces the value and tells, unless the new one `equals` the old. */
  readonly set: (value: Value) => void
}

/** A value as an external store; what a listener throws goes to `report`, and stops nobody. */
export function externalValue<Value>(
  first: Value,
  equals: (one: Value, other: Value) => boolean,
  report: (error: unknown) => void,
): ExternalValue<Value> {
  let value = first
  const listeners = new Set<{ readonly listener: () => void }>()
  const getSnapshot = () => value
  return {
    getSnapshot,
    getServerSnapshot: getSnapshot,
    subscribe(listener) {
      const entry = { listener }
      listeners.add(entry)
      return () => listeners.delete(entry)
    },
    set(next) {
      if (equals(value, next)) return
      value = next
      for (const { listener } of [...listeners]) {
        try {
          listener()
        } catch (error) {
          report(error)
        }
      }
    },
  }
}

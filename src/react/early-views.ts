import type { Budget } from '../index.ts'
import type { SheetView } from './sheet-view.ts'

// A component that suspends has no state and runs no effect: what it began to open is found again here, by what it is.

/** How long a sheet is kept that no component has taken up: longer than any render is put off. */
const unclaimedMilliseconds = 30_000
/** How long a failure is told to whoever renders again, before another try. */
const failedMilliseconds = 1_000

const views = new WeakMap<Budget, Map<string, SheetView>>()

/** The view that a suspended render began to open. */
export function findEarlyView(budget: Budget, key: string): SheetView | undefined {
  return views.get(budget)?.get(key)
}

/** Opens a view before any component is there to hold it. Resolves when it is ready, or cannot be. */
export function openEarly(view: SheetView): Promise<void> {
  const { budget, key } = view.settings
  if (budget === undefined) return view.connection.open()
  const held = views.get(budget) ?? new Map<string, SheetView>()
  views.set(budget, held)
  if (held.get(key) !== view) {
    held.set(key, view)
    const forget = view.hold()
    const drop = (): void => {
      if (held.get(key) === view) held.delete(key)
      forget()
    }
    const opening = view.connection.open()
    void opening.then(() => {
      const { error } = view.connection.state.getSnapshot()
      setTimeout(drop, error === null ? unclaimedMilliseconds : failedMilliseconds)
    })
    return opening
  }
  return view.connection.open()
}

import type { Budget } from '../index.ts'
import type { SheetView } from './sheet-view.ts'

// A component that suspends has no state and runs no effect: what it began to open is found again here, by what it is.

/** How long a sheet is kept that no provider has taken up: longer than any render is put off. */
const unclaimedMilliseconds = 30_000
/** How long a failure is told to whoever renders again, before another try. */
const failedMilliseconds = 1_000

interface EarlyView {
  readonly view: SheetView
  readonly letGo: () => void
}

const views = new WeakMap<Budget, Map<string, EarlyView>>()

/** The view that a suspended render began to open. */
export function findEarlyView(budget: Budget, key: string): SheetView | undefined {
  return views.get(budget)?.get(key)?.view
}

/** Opens a view before a provider is there to hold it. Resolves when it is ready, or cannot be. */
export function openEarly(view: SheetView): Promise<void> {
  const { budget, key } = view.settings
  const { connection } = view
  if (budget === undefined || connection.isHeld) return connection.open()
  const early = views.get(budget) ?? new Map<string, EarlyView>()
  views.set(budget, early.set(key, { view, letGo: view.hold() }))
  const opening = connection.open()
  void opening.then(() => {
    const { error } = connection.state.getSnapshot()
    setTimeout(() => claimView(view), error === null ? unclaimedMilliseconds : failedMilliseconds)
  })
  return opening
}

/** From now on its provider holds it. */
export function claimView(view: SheetView): void {
  const { budget, key } = view.settings
  const early = budget && views.get(budget)
  const found = early?.get(key)
  if (found?.view !== view) return
  early?.delete(key)
  found.letGo()
}

import { useSyncExternalStore } from 'react'
import { ValidationError, type Budget, type Modules, type NoModules, type Sheet } from '../index.ts'
import { useSurroundings, useView } from './contexts.ts'
import { useSuspense } from './use-suspense.ts'

/** Whether a component waits by suspending. */
export interface SuspenseOption {
  /**
   * `true`: the component suspends until what it shows is known, and throws to the nearest error boundary where it cannot
   * be; so it is ready when it renders. What the server rendered is known.
   * @default false
   */
  readonly suspense?: boolean | undefined
}

/**
 * The provider's budget.
 *
 * @throws {ValidationError} outside a provider, and where that was given a sheet and no budget.
 */
export function useBudget<M extends Modules = NoModules>(): Budget<M> {
  const { budget } = useSurroundings()
  if (budget === undefined) throw new ValidationError('budget', undefined, 'a <CellsProvider> with a budget')
  return budget as unknown as Budget<M>
}

/** The provider's sheet, or `null` while it is not open: on a server, and for a moment in a browser. */
export function useSheet(): Sheet | null {
  const { state } = useView().connection
  const read = () => state.getSnapshot().sheet
  return useSyncExternalStore(state.subscribe, read, () => state.getServerSnapshot().sheet)
}

/**
 * Whether the sheet has loaded all of its cells and misses nothing: from then on, every cell can be written. It is false
 * while a server's snapshot is shown alone.
 *
 * @throws where it suspends and the sheet cannot be opened or loaded: the reason, for an error boundary.
 */
export function useReady({ suspense = false }: SuspenseOption = {}): boolean {
  const view = useView()
  const { state } = view.connection
  useSuspense(suspense && !view.isKnown)
  return useSyncExternalStore(
    state.subscribe,
    () => state.getSnapshot().isReady,
    () => false,
  )
}

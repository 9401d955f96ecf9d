import { useEffect, useMemo, useSyncExternalStore } from 'react'
import type { RedoResult, Step, UndoResult } from '../index.ts'
import { resourcesOf } from './resources.ts'
import { turnsOf } from './turns.ts'
import { isTyping, turnOf } from './undo-keys.ts'
import { useResource } from './use-resource.ts'
import { useBudget, useSheet } from './use-sheet.ts'

/** How steps are undone. */
export interface UndoRedoOptions {
  /**
   * Listens to Ctrl+Z or Cmd+Z, Ctrl+Y, and Shift with Ctrl+Z or Cmd+Z: in the whole window, or in an element. Not while
   * the user types in a field, which has an undo of its own.
   * @default false
   */
  readonly keyboard?: boolean | EventTarget | undefined
  /**
   * Only steps with a change in this module.
   * @default every step of the budget
   */
  readonly module?: string | undefined
}

/** What can be undone and redone, and how the last of it went. All components of a budget see the same. */
export interface UndoRedoView {
  readonly canUndo: boolean
  readonly canRedo: boolean
  /** The step that `undo` would take. */
  readonly undoStep: Step | null
  /** The step that `redo` would take. */
  readonly redoStep: Step | null
  /** Whether an undo or redo is under way. */
  readonly isBusy: boolean
  /** Takes back the user's newest step, once all that he wrote before is answered: see `Sheet.undo`. */
  readonly undo: () => Promise<UndoResult>
  /** Brings back the step that was undone last: see `Sheet.redo`. */
  readonly redo: () => Promise<RedoResult>
  readonly lastResult: UndoResult | RedoResult | null
  /** Which of the two `lastResult` is of: that there was nothing to do looks the same for both. */
  readonly lastTurn: 'undo' | 'redo' | null
  /** What the last undo or redo was refused with; or why the steps cannot be read. */
  readonly error: Error | null
}

/** How long after an own write the steps are read again: they are not needed at every keystroke. */
const settleMilliseconds = 200

/**
 * Undo and redo of the signed-in user's steps, with the labels for two buttons.
 *
 * @throws {ValidationError} where the provider has no budget.
 * @example
 * ```tsx
 * import { useUndoRedo } from '@efir/cells/react'
 *
 * export function UndoButton() {
 *   const { canUndo, undoStep, undo } = useUndoRedo({ keyboard: true })
 *   return (
 *     <button disabled={!canUndo} onClick={() => void undo()}>
 *       Undo {undoStep?.label}
 *     </button>
 *   )
 * }
 * ```
 */
export function useUndoRedo({ keyboard = false, module }: UndoRedoOptions = {}): UndoRedoView {
  const budget = useBudget()
  const sheet = useSheet()
  const turns = turnsOf(budget)
  const steps = useResource(
    'steps',
    module ?? '',
    ({ history }) =>
      (signal) =>
        history.state({ module, signal }),
  )
  const { isBusy, lastResult, lastTurn, error } = useSyncExternalStore(
    turns.state.subscribe,
    turns.state.getSnapshot,
    turns.state.getServerSnapshot,
  )
  useEffect(() => {
    if (sheet === null) return undefined
    let before = sheet.pending.getSnapshot().length
    let timer: ReturnType<typeof setTimeout> | undefined
    const stop = sheet.pending.subscribe(() => {
      const now = sheet.pending.getSnapshot().length
      if (now < before) {
        clearTimeout(timer)
        timer = setTimeout(() => void resourcesOf(budget).refresh('steps'), settleMilliseconds)
      }
      before = now
    })
    return () => {
      stop()
      clearTimeout(timer)
    }
  }, [sheet, budget])
  const actions = useMemo(
    () => ({
      undo: () => turns.take('undo', sheet, module) as Promise<UndoResult>,
      redo: () => turns.take('redo', sheet, module) as Promise<RedoResult>,
    }),
    [turns, sheet, module],
  )
  useEffect(() => {
    if (keyboard === false) return undefined
    const target = keyboard === true ? window : keyboard
    const onKey = (event: Event): void => {
      const turn = turnOf(event as KeyboardEvent)
      if (turn === undefined || isTyping(event)) return
      // Nobody else undoes for the same key, neither the browser nor another component.
      event.preventDefault()
      actions[turn]().catch(() => undefined)
    }
    target.addEventListener('keydown', onKey)
    return () => target.removeEventListener('keydown', onKey)
  }, [keyboard, actions])
  const { undo: undoStep, redo: redoStep } = steps.data ?? { undo: null, redo: null }
  return useMemo(
    () => ({
      canUndo: undoStep !== null,
      canRedo: redoStep !== null,
      undoStep,
      redoStep,
      isBusy,
      lastResult,
      lastTurn,
      error: error ?? steps.error,
      ...actions,
    }),
    [undoStep, redoStep, isBusy, lastResult, lastTurn, error, steps.error, actions],
  )
}

import type { Budget, ExternalStore, RedoResult, Sheet, UndoResult } from '../index.ts'
import { resourcesOf } from './resources.ts'
import { valueStore } from './value-store.ts'

/** Undoing or redoing. */
export type Turn = 'undo' | 'redo'

/** How the last undo or redo of a budget goes, or went. Frozen. */
export interface TurnState {
  readonly isBusy: boolean
  readonly lastResult: UndoResult | RedoResult | null
  /** Which of the two `lastResult` is of. */
  readonly lastTurn: Turn | null
  readonly error: Error | null
}

const byBudget = new WeakMap<Budget, Turns>()

/** The undo and redo of a budget, which all of its components share. */
export function turnsOf(budget: Budget): Turns {
  const held = byBudget.get(budget) ?? new Turns(budget)
  byBudget.set(budget, held)
  return held
}

/** Undoes and redoes, and tells everybody what came of it. */
export class Turns {
  readonly #budget: Budget
  readonly #state = valueStore<TurnState>(
    Object.freeze({ isBusy: false, lastResult: null, lastTurn: null, error: null }),
  )
  #running = 0

  constructor(budget: Budget) {
    this.#budget = budget
  }

  get state(): ExternalStore<TurnState> {
    return this.#state
  }

  /** Through the sheet, where there is one: it waits for what was written before. */
  async take(turn: Turn, sheet: Sheet | null, module: string | undefined): Promise<UndoResult | RedoResult> {
    this.#running += 1
    this.#show({})
    try {
      const lastResult = await (sheet ?? this.#budget)[turn]({ module })
      this.#show({ lastResult, lastTurn: turn, error: null })
      return lastResult
    } catch (error) {
      this.#show({ error: error as Error })
      throw error
    } finally {
      this.#running -= 1
      this.#show({})
      void resourcesOf(this.#budget).refresh('steps')
    }
  }

  #show(news: Partial<TurnState>): void {
    const state = { ...this.#state.getSnapshot(), ...news, isBusy: this.#running > 0 }
    this.#state.set(Object.freeze(state))
  }
}

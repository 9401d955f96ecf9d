import type { OutboxState } from './outbox-state.ts'

/** Where the outbox is kept. What it gets is plain JSON. */
export interface OutboxStorage {
  /** What was kept last; `undefined` where nothing was. */
  load(): Promise<OutboxState | undefined>
  /** Resolves when it is kept: nothing is sent that is not. */
  save(state: OutboxState): Promise<void>
}

/** As long as the page lives. */
export const memoryStorage: OutboxStorage = {
  load: () => Promise.resolve(undefined),
  save: () => Promise.resolve(),
}

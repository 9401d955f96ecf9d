import type { OutboxState } from './outbox-state.ts'

/** Where the outbox is kept. */
export interface OutboxStorage {
  /**
   * Resolves when it is kept, as far as it can be: nothing is sent before.
   *
   * @throws {UnauthorizedError} where it must not be sent just now.
   */
  save(state: OutboxState): Promise<void>
}

/** As long as the page lives. */
export const memoryStorage: OutboxStorage = { save: () => Promise.resolve() }

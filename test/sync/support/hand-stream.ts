import type { ChannelEvent, OpenChannel } from '../../../src/transport/stream.ts'

/** A stream that the test tells what to tell. */
export class HandStream {
  /** Joins so far. */
  joins = 0
  /** Whether a join is answered by itself. */
  answers = true
  #tell: ((event: ChannelEvent) => void) | undefined

  readonly open: OpenChannel = (_budgetVersionId, tell) => {
    this.joins++
    this.#tell = tell
    if (this.answers) queueMicrotask(() => this.tell({ type: 'joined' }))
    return {
      leave: () => {
        if (this.#tell === tell) this.#tell = undefined
      },
    }
  }

  get isOpen(): boolean {
    return this.#tell !== undefined
  }

  tell(event: ChannelEvent): void {
    const tell = this.#tell
    if (event.type === 'lost') this.#tell = undefined
    tell?.(event)
  }
}

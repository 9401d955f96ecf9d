import type { RealtimeDelivery } from './faults.ts'
import type { Switches } from './switches.ts'

// A message that was put behind the next one goes alone when there is no next one for this long.
const REORDER_MILLISECONDS = 50

/** The way of a channel's messages to its client, and all that can happen to them there. */
export class Outbound {
  readonly #switches: Switches
  readonly #topic: string
  readonly #channel: number
  readonly #onExcess: () => void
  readonly #timers = new Set<NodeJS.Timeout>()
  #heldBack: (() => void) | undefined
  #index = 0
  #hasEnded = false

  constructor(switches: Switches, topic: string, channel: number, onExcess: () => void) {
    this.#switches = switches
    this.#topic = topic
    this.#channel = channel
    this.#onExcess = onExcess
  }

  deliver(kind: RealtimeDelivery['kind'], event: string, send: () => void): void {
    if (this.#hasEnded) return
    const excess = this.#switches.excess()
    this.#switches.count()
    if (excess === 'close') this.#onExcess()
    if (excess !== undefined) return
    const delivery = { kind, event, topic: this.#topic, channel: this.#channel, index: this.#index++ }
    const fault = this.#switches.fault(delivery)
    if (fault === 'drop') return
    if (fault === 'reorder' && this.#heldBack === undefined) {
      this.#heldBack = send
      this.#later(REORDER_MILLISECONDS, () => this.#release())
      return
    }
    if (typeof fault === 'object') {
      this.#later(fault.delay, send)
      return
    }
    send()
    if (fault === 'duplicate') send()
    this.#release()
  }

  end(): void {
    this.#hasEnded = true
    for (const timer of this.#timers) clearTimeout(timer)
  }

  #release(): void {
    const send = this.#heldBack
    this.#heldBack = undefined
    send?.()
  }

  #later(milliseconds: number, work: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      work()
    }, milliseconds)
    this.#timers.add(timer)
  }
}

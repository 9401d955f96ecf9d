import { LocalStackError } from '../errors.ts'
import { decideFault, type RealtimeDelivery, type RealtimeFault, type RealtimeFaults } from './faults.ts'
import { RateWindow, type RateLimit } from './rate-window.ts'

/** A project's limit on messages, each delivery counted. */
export interface RealtimeRateLimit {
  readonly perSecond: number
  /** Over how many seconds the average is taken. Default 60, as Supabase does: a burst of a minute's worth passes. */
  readonly window?: number
  /** `drop` (default) loses what is too much without a word; `close` closes the channel that it was for. */
  readonly excess?: 'drop' | 'close'
}

/** In bytes: 3,000 KB. */
const PAYLOAD_LIMIT = 3_000 * 1000
const JOIN_ERROR_DELAY = 5_000

function check(field: string, given: unknown, isAllowed: boolean, allowed: string): void {
  if (isAllowed) return
  throw new LocalStackError('invalid_option', `${field} is ${String(given)}; allowed: ${allowed}.`)
}

function checkNumber(field: string, given: number, least: number, most = Infinity): void {
  check(field, given, given >= least && given <= most, `a number from ${least} to ${most}`)
}

/** How the relay misbehaves at the moment. */
export class Switches {
  #faults: RealtimeFaults = {}
  #rate: { readonly window: RateWindow; readonly excess: 'drop' | 'close' } | undefined
  #prematureMilliseconds = 0
  #payloadLimit = PAYLOAD_LIMIT
  #joinErrorDelay = JOIN_ERROR_DELAY

  get prematureMilliseconds(): number {
    return this.#prematureMilliseconds
  }

  get payloadLimit(): number {
    return this.#payloadLimit
  }

  get joinErrorDelay(): number {
    return this.#joinErrorDelay
  }

  setFaults(faults: RealtimeFaults): void {
    for (const field of ['drop', 'duplicate', 'reorder'] as const) {
      checkNumber(`faults.${field}`, faults[field] ?? 0, 0, 1)
    }
    checkNumber('faults.delay.probability', faults.delay?.probability ?? 0, 0, 1)
    checkNumber('faults.delay.milliseconds', faults.delay?.milliseconds ?? 0, 0)
    this.#faults = faults
  }

  setPremature(milliseconds: number): void {
    checkNumber('prematureSubscribed', milliseconds, 0)
    this.#prematureMilliseconds = milliseconds
  }

  setPayloadLimit(bytes = PAYLOAD_LIMIT): void {
    checkNumber('oversize', bytes, 0)
    this.#payloadLimit = bytes
  }

  setJoinErrorDelay(milliseconds = JOIN_ERROR_DELAY): void {
    checkNumber('joinErrorDelay', milliseconds, 0)
    this.#joinErrorDelay = milliseconds
  }

  setRateLimit(limit: RealtimeRateLimit | undefined): void {
    if (limit === undefined) {
      this.#rate = undefined
      return
    }
    const { perSecond, window = 60, excess = 'drop' } = limit
    checkNumber('rateLimit.perSecond', perSecond, 0)
    checkNumber('rateLimit.window', window, 1)
    check('rateLimit.excess', excess, ['drop', 'close'].includes(excess), 'drop, close')
    const counted: RateLimit = { perSecond, window }
    this.#rate = { window: new RateWindow(counted), excess }
  }

  /** Counts a message that was sent or delivered. */
  count(): void {
    this.#rate?.window.count(Date.now())
  }

  /** What happens to messages now that there were too many. */
  excess(): 'drop' | 'close' | undefined {
    return this.#rate?.window.isOver(Date.now()) === true ? this.#rate.excess : undefined
  }

  fault(delivery: RealtimeDelivery): RealtimeFault | undefined {
    return decideFault(this.#faults, delivery)
  }
}

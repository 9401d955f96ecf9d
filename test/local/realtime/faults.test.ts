import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  decideFault,
  type RealtimeDelivery,
  type RealtimeFaults,
} from '../../../src/local/realtime/faults.ts'
import { RateWindow } from '../../../src/local/realtime/rate-window.ts'

const delivery = (channel: number, index: number): RealtimeDelivery => ({
  kind: 'broadcast',
  topic: 'room',
  event: 'song',
  channel,
  index,
})
const decisions = (faults: RealtimeFaults, channel = 1, count = 2_000) =>
  Array.from({ length: count }, (_, index) => decideFault(faults, delivery(channel, index)))

describe('faults', () => {
  const half: RealtimeFaults = {
    drop: 0.25,
    duplicate: 0.25,
    reorder: 0.25,
    delay: { probability: 0.5, milliseconds: 9 },
  }

  it('are the same for the same seed, channel and message, whatever was asked before', () => {
    fc.assert(
      fc.property(fc.integer(), fc.nat(), fc.nat(), (seed, channel, index) => {
        const faults = { ...half, seed }
        const first = decideFault(faults, delivery(channel, index))
        decideFault(faults, delivery(channel + 1, index))
        expect(decideFault(faults, delivery(channel, index))).toEqual(first)
      }),
    )
  })

  it('are others for another seed, and on another channel', () => {
    expect(decisions({ ...half, seed: 1 })).not.toEqual(decisions({ ...half, seed: 2 }))
    expect(decisions(half, 1)).not.toEqual(decisions(half, 2))
  })

  it('are about as likely as was said', () => {
    const found = decisions(half)
    expect(found.filter((fault) => fault === 'drop').length / found.length).toBeCloseTo(0.25, 1)
    expect(decisions({ drop: 1 }).every((fault) => fault === 'drop')).toBe(true)
    expect(decisions({}).every((fault) => fault === undefined)).toBe(true)
  })
})

describe('the limit of messages', () => {
  it('lets a burst of a window’s worth pass, and holds until the average is back', () => {
    const window = new RateWindow({ perSecond: 10, window: 60 })
    for (let count = 0; count < 600; count++) window.count(0)
    expect(window.isOver(0)).toBe(false)
    window.count(0)
    expect([window.isOver(0), window.isOver(59_999), window.isOver(60_000)]).toEqual([true, true, false])
  })
})

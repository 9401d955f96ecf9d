import { cellsTransport } from './cells-transport.ts'
import { systemClock, type Clock } from './clock.ts'
import { dividing } from './divide.ts'
import { createObserver, type Watchers } from './observer.ts'
import type { CellsTransport } from './port.ts'
import type { RetryPolicy } from './retry-policy.ts'
import { createSender } from './retry.ts'
import type { Server } from './rpc.ts'

/** The one way to a server: what is too much in parts, each part as often as it takes, each request watched. */
export function openTransport(
  server: Server,
  policy: RetryPolicy,
  watchers: Watchers,
  clock: Clock = systemClock,
): CellsTransport {
  const send = createSender(server, policy, createObserver(watchers, clock), clock)
  return dividing(cellsTransport(send, clock), policy.timeout, clock)
}

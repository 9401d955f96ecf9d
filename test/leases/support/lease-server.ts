// Loaded before the first test waits for it: on a busy machine that takes longer than a turn of the event loop.
import '../../../src/leases/calls.ts'
import { Budget } from '../../../src/budget.ts'
import { openTransport } from '../../../src/transport/open.ts'
import { defaultPolicy } from '../../../src/transport/retry-policy.ts'
import type { Answer, Server } from '../../../src/transport/rpc.ts'
import { HeldClock } from './held-clock.ts'

export const budgetVersionId = '0199a3c4-0000-7000-8000-000000000001'
export const address = { module: 'core', entity: null, field: 'amount', period: null }

/** A request that the test answers when it likes. */
export interface PendingRequest {
  readonly operation: string
  readonly parameters: Readonly<Record<string, unknown>>
  readonly sentAt: number
  readonly aborted: () => boolean
  readonly answer: (answer: Answer) => void
}

/** A budget on a server that answers nothing by itself, in the test's own time. */
export function held() {
  const clock = new HeldClock()
  const requests: PendingRequest[] = []
  const server: Server = {
    request: (operation, parameters, signal) =>
      new Promise((resolve) => {
        requests.push({
          operation,
          parameters,
          sentAt: clock.now(),
          aborted: () => signal.aborted,
          answer: resolve,
        })
      }),
    refreshToken: () => Promise.resolve(false),
  }
  const transport = openTransport(server, defaultPolicy, { emit: () => undefined }, clock)
  return {
    clock,
    requests,
    budget: new Budget(budgetVersionId, transport),
    /** The same client, asked for the same budget again. */
    again: () => new Budget(budgetVersionId, transport),
    operations: () => requests.map(({ operation }) => operation),
    last: () => requests.at(-1)!,
  }
}

const at = '2026-11-23T10:00:00+00:00'
export const expiresAt = '2026-11-23T10:00:30+00:00'
export const said = (result: unknown): Answer => ({ status: 200, data: { at, results: [result] } })
export const acquired = (token = 7): Answer => said(['acquired', null, token, expiresAt])
export const heldByBob = (): Answer => said(['held', 'bob', expiresAt])
export const renewed = (until = expiresAt): Answer => said(['renewed', 7, until])
export const lost = (by: string | null = null): Answer => said(['lost', by])
export const released = (): Answer => said(['released'])

import { Budget } from '../../../src/budget.ts'
import type { CellsEvents } from '../../../src/events.ts'
import { openTransport } from '../../../src/transport/open.ts'
import { toFailure } from '../../../src/transport/failure.ts'
import type { Watchers } from '../../../src/transport/observer.ts'
import { defaultPolicy, type RetryPolicy } from '../../../src/transport/retry-policy.ts'
import type { Answer, Server } from '../../../src/transport/rpc.ts'
import { TestClock } from './test-clock.ts'

export const budgetVersionId = '0199a3c4-0000-7000-8000-000000000001'

export interface SeenRequest {
  readonly operation: string
  readonly parameters: Readonly<Record<string, unknown>>
}

type Reply = (request: SeenRequest, place: number, signal: AbortSignal) => Answer | Promise<Answer>

/** A budget on a server of the test's own making, in the test's own time. */
export function scripted(
  reply: Reply,
  options: {
    readonly policy?: Partial<RetryPolicy>
    readonly clock?: TestClock
    readonly refreshToken?: () => Promise<boolean>
    readonly watchers?: Partial<Watchers>
  } = {},
) {
  const clock = options.clock ?? new TestClock()
  const requests: SeenRequest[] = []
  const events: (readonly [keyof CellsEvents, object])[] = []
  const server: Server = {
    request(operation, parameters, signal) {
      requests.push({ operation, parameters })
      return Promise.resolve(reply({ operation, parameters }, requests.length - 1, signal))
    },
    refreshToken: options.refreshToken ?? (() => Promise.resolve(false)),
  }
  const watchers: Watchers = {
    emit: (name, event) => void events.push([name, event]),
    ...options.watchers,
  }
  const transport = openTransport(server, { ...defaultPolicy, ...options.policy }, watchers, clock)
  return { budget: new Budget(budgetVersionId, transport), clock, requests, events }
}

export const failing = (
  status: number,
  code = '',
  context: { readonly retryAfter?: number } = {},
): Answer => ({ status, failure: toFailure({ code, message: 'said so' }, status, context) })

/** What the database answers when all goes well. */
export function landing({ operation, parameters }: SeenRequest): Answer {
  if (operation === 'read_cells') {
    const references = parameters.p_references as readonly (readonly unknown[])[]
    return { status: 200, data: { revision: 7, cells: references.map(() => null) } }
  }
  const items = parameters.p_items as readonly unknown[]
  const results = items.map((_, index) => [
    'written',
    `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
    1,
  ])
  const data = {
    revision: 7,
    operationId: parameters.p_operation_id,
    sessionId: parameters.p_session_id ?? 'session',
    actor: null,
    at: '2026-11-23T10:00:00+00:00',
    results,
  }
  return { status: 200, data }
}

export const itemsOf = ({ parameters }: SeenRequest): number => (parameters.p_items as unknown[]).length

/** So many changes of cells that do not exist yet. */
export const changes = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    cell: { module: 'core', field: 'amount', period: String(index) },
    value: index,
    ifVersion: 0,
  }))

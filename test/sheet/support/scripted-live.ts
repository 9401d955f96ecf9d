import type { CellsLogger, Modules } from '@efir/cells'
import { memoryStorage, type OutboxStorage } from '../../../src/outbox/storage.ts'
import { LiveBudget } from '../../../src/sheet/live-budget.ts'
import { toSelection } from '../../../src/sheet/selection.ts'
import { Sheet } from '../../../src/sheet/sheet.ts'
import type { OpenOptions, SheetFilter } from '../../../src/sheet/sheet-types.ts'
import { openTransport } from '../../../src/transport/open.ts'
import { defaultPolicy } from '../../../src/transport/retry-policy.ts'
import type { Answer } from '../../../src/transport/rpc.ts'
import { HandEnvironment } from '../../sync/support/hand-environment.ts'
import { HandStream } from '../../sync/support/hand-stream.ts'
import { budgetVersionId, landing, type SeenRequest } from '../../transport/support/scripted-server.ts'
import { HandClock } from './hand-clock.ts'

/** What an empty budget answers when all goes well. */
export function empty(request: SeenRequest): Answer {
  const { operation, parameters } = request
  if (operation === 'list_cells') return { status: 200, data: { revision: 0, cells: [], next: null } }
  if (operation === 'changes_since') {
    const from = parameters.p_revision
    return { status: 200, data: { revision: from, from, to: from, resync: false, commits: [] } }
  }
  return landing(request)
}

/** A live budget on a server of the test's own making, with time, stream and world in its hands. */
export function scriptedLive(
  given: {
    readonly reply?: (request: SeenRequest) => Answer | Promise<Answer>
    readonly storage?: OutboxStorage
    readonly logger?: CellsLogger
    readonly report?: (error: unknown) => void
  } = {},
) {
  const stream = new HandStream()
  const environment = new HandEnvironment()
  const clock = new HandClock()
  const requests: SeenRequest[] = []
  const server = {
    request: async (operation: string, parameters: SeenRequest['parameters']) => {
      requests.push({ operation, parameters })
      return await (given.reply ?? empty)({ operation, parameters })
    },
    refreshToken: () => Promise.resolve(false),
  }
  const transport = openTransport(server, { ...defaultPolicy, attempts: 1 }, { emit: () => undefined }, clock)
  const live = new LiveBudget(budgetVersionId, {
    transport,
    openStream: stream.open,
    clock,
    environment,
    userId: () => Promise.resolve(null),
    storage: given.storage ?? memoryStorage,
    logger: given.logger,
    report: given.report,
  })
  const open = (filter: SheetFilter = {}, options: OpenOptions = {}) =>
    new Sheet(live, toSelection(filter), options)
  /** A sheet of an application's modules. */
  const openTyped = <M extends Modules>(modules: M) => new Sheet<M>(live, {}, {}, modules)
  return { live, stream, environment, clock, requests, open, openTyped }
}

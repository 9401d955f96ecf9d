import type { RequestStart } from '@efir/cells'
import { memoryStorage, type OutboxStorage } from '../../../src/outbox/storage.ts'
import { LiveBudget } from '../../../src/sheet/live-budget.ts'
import { toSelection } from '../../../src/sheet/selection.ts'
import { Sheet } from '../../../src/sheet/sheet.ts'
import type { OpenOptions, SheetFilter } from '../../../src/sheet/sheet-types.ts'
import { systemClock, type Clock } from '../../../src/transport/clock.ts'
import { toFailure } from '../../../src/transport/failure.ts'
import { openTransport } from '../../../src/transport/open.ts'
import type { CellsTransport } from '../../../src/transport/port.ts'
import { defaultPolicy } from '../../../src/transport/retry-policy.ts'
import type { Server } from '../../../src/transport/rpc.ts'
import type { SyncSettings } from '../../../src/sync/sync-state.ts'
import { signedInUser, supabaseServer, type AnySupabaseClient } from '../../../src/transport/supabase.ts'
import { HandEnvironment } from '../../sync/support/hand-environment.ts'
import { HandStream } from '../../sync/support/hand-stream.ts'

export interface LiveSetup {
  readonly clock?: Clock
  readonly storage?: OutboxStorage
  readonly settings?: Partial<SyncSettings>
  /** Asked before each request: what a bad network makes of it. */
  readonly network?: Network
}

/** `down`: the request never arrives. `lost`: it does, and its reply never comes. */
export class Network {
  state: 'up' | 'down' | 'lost' = 'up'

  /** Stands between the library and the server. */
  around(server: Server): Server {
    return {
      ...server,
      request: async (...request) => {
        const { state } = this
        const answer = state === 'down' ? undefined : await server.request(...request)
        return state === 'up' && answer !== undefined ? answer : unreachable()
      },
    }
  }
}

const unreachable = () => ({ status: 0, failure: toFailure({ message: 'fetch failed' }, 0) })

/** One user's live budget on the real database, with the stream and the world in the test's hands. */
export function openLive(supabase: AnySupabaseClient, budgetVersionId: string, setup: LiveSetup = {}) {
  const requests: RequestStart[] = []
  const reported: unknown[] = []
  const stream = new HandStream()
  const environment = new HandEnvironment()
  const network = setup.network ?? new Network()
  const server = network.around(supabaseServer(supabase, 'efir_budget'))
  // Each request is sent once: what the layers above do about a failure is what is looked at.
  const policy = { ...defaultPolicy, attempts: 1 }
  const transport: CellsTransport = openTransport(server, policy, {
    emit: () => undefined,
    onRequest: (request) => void requests.push(request),
  })
  const live = new LiveBudget(budgetVersionId, {
    transport,
    openStream: stream.open,
    clock: setup.clock ?? systemClock,
    environment,
    storage: setup.storage ?? memoryStorage,
    settings: setup.settings,
    userId: () => signedInUser(supabase),
    report: (error) => void reported.push(error),
  })
  const open = (filter: SheetFilter = {}, options: OpenOptions = {}) =>
    new Sheet(live, toSelection(filter), options)
  return { live, stream, environment, network, requests, reported, open, transport }
}

/** Resolves with the first snapshot that is as wanted. */
export function until<Snapshot>(
  store: { subscribe(listener: () => void): () => void; getSnapshot(): Snapshot },
  isWanted: (snapshot: Snapshot) => boolean,
): Promise<Snapshot> {
  return new Promise((resolve) => {
    let unsubscribe: () => void = () => undefined
    const look = () => {
      const snapshot = store.getSnapshot()
      if (!isWanted(snapshot)) return
      unsubscribe()
      resolve(snapshot)
    }
    unsubscribe = store.subscribe(look)
    look()
  })
}

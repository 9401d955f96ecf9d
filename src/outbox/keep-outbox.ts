import type { Clock } from '../transport/clock.ts'
import { indexedDbStorage } from './indexed-db.ts'
import { OutboxKeeper, type KeeperSink } from './outbox-keeper.ts'
import { StorageError, type PersistentStorage } from './persistent-storage.ts'

/** What keeping needs of a live budget. */
interface KeepingPorts {
  readonly clock: Clock
  readonly userId: () => Promise<string | null>
}

/**
 * A keeper for the signed-in user, in the given storage, or in what the browser has; none where that cannot be, which the
 * status tells. Loaded by the first who asks for it.
 */
export async function keepOutbox(
  where: true | PersistentStorage,
  place: readonly string[],
  { clock, userId }: KeepingPorts,
  sink: KeeperSink,
): Promise<OutboxKeeper | undefined> {
  const user = await userId().catch(() => null)
  if (user === null) {
    refuse(sink, 'nobody is signed in whose they would be')
    return undefined
  }
  const { navigator, indexedDB } = globalThis as Partial<typeof globalThis>
  // Not on pages served over plain http, whatever the types say.
  const { locks } = (navigator ?? {}) as Partial<Navigator>
  const isSameUser = async (): Promise<boolean> => (await userId()) === user
  const ports = { clock, isSameUser, locks, prefix: `outbox:${JSON.stringify([...place, user])}:` }
  if (where !== true) return new OutboxKeeper({ ...ports, storage: where }, sink)
  if (indexedDB === undefined || locks === undefined) {
    refuse(sink, 'there is no IndexedDB here, or there are no Web Locks')
    return undefined
  }
  return new OutboxKeeper({ ...ports, storage: indexedDbStorage(indexedDB) }, sink)
}

function refuse(sink: KeeperSink, why: string): void {
  const error = new StorageError(`Writes go with the page: ${why}.`)
  sink.told(Object.freeze({ kind: 'memory', error, unreadable: Object.freeze([]) }))
}

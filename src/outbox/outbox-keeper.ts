import { UnauthorizedError } from '../errors.ts'
import { newUuid } from '../model/identifier.ts'
import type { Clock } from '../transport/clock.ts'
import { decodeOutbox, encodeOutbox, NewerFormat } from './kept-outbox.ts'
import type { OutboxState } from './outbox-state.ts'
import { StorageError, type PersistentStorage, type StorageStatus } from './persistent-storage.ts'
import type { OutboxStorage } from './storage.ts'

/** What of the Web Locks API is needed. */
export type TabLocks = Pick<LockManager, 'request'>

/** What keeping an outbox needs of the world. */
export interface KeeperPorts {
  readonly storage: PersistentStorage
  /** `undefined` where there are no other windows to mind. */
  readonly locks: TabLocks | undefined
  /** Of the project, the user and the budget: what others have kept is not even looked for. */
  readonly prefix: string
  /** Whether whoever made these writes is still the one who is signed in. */
  readonly isSameUser: () => Promise<boolean>
  readonly clock: Clock
}

/** Whose outbox is kept. */
export interface KeeperSink {
  state(): OutboxState
  /** Takes up what an earlier page, or a window that is closed, left behind. */
  adopt(kept: OutboxState): void
  told(status: StorageStatus): void
}

const lookEvery = 30_000

/**
 * Keeps the outbox of one window where it outlives it. Each window has a key of its own and holds a Web Lock of that name as
 * long as it lives, so that what lies under a key whose lock is free was left behind: whoever gets the lock takes it up.
 * So nothing is sent by two windows, and nothing waits for a window that is gone.
 */
export class OutboxKeeper implements OutboxStorage {
  readonly #ports: KeeperPorts
  readonly #sink: KeeperSink
  readonly #key: string
  readonly #ended = new AbortController()
  /** Keys that this window waits for, or has taken up. */
  readonly #known: Set<string>
  /** Keys that were taken up and are still to be removed, with what then lets go of their locks. */
  readonly #adopted = new Map<string, () => void>()
  #status: StorageStatus = { kind: 'persistent', error: null, unreadable: [] }
  /** What is kept; nothing, at first. */
  #saved: OutboxState | undefined
  /** What could not be kept. */
  #failedWith: OutboxState | undefined
  #saving: Promise<void> | undefined
  #stopLooking: () => void = () => undefined
  #letGo: () => void = () => undefined

  constructor(ports: KeeperPorts, sink: KeeperSink) {
    this.#ports = ports
    this.#sink = sink
    this.#key = ports.prefix + newUuid()
    this.#known = new Set([this.#key])
  }

  /** Takes up what was left behind and nobody holds. Never rejects: what goes wrong is told by the status. */
  async open(): Promise<void> {
    this.#tell({})
    const isHeld = await this.#hold(this.#key, {}, async (taken) => {
      taken()
      await new Promise<void>((done) => (this.#letGo = done))
    })
    if (!isHeld) {
      this.#ended.abort()
      this.#failed(
        'Other windows could take these writes for left behind; they go with the page.',
        undefined,
        {
          kind: 'memory',
        },
      )
      return
    }
    await this.look()
    this.#wait()
  }

  /** Looks whether a window was closed, or opened, since the last time. */
  async look(): Promise<void> {
    try {
      const keys = await this.#ports.storage.keys(this.#ports.prefix)
      const found = keys.filter((key) => !this.#known.has(key))
      await Promise.all(
        found.map(async (key) => {
          this.#known.add(key)
          const isFree = await this.#hold(key, { ifAvailable: true }, (taken) => this.#takeUp(key, taken))
          // The window that it belongs to lives. One day it will not.
          if (!isFree)
            void this.#hold(key, { signal: this.#ended.signal }, (taken) => this.#takeUp(key, taken))
        }),
      )
    } catch (cause) {
      this.#failed('Writes of earlier pages could not be looked for.', cause)
    }
  }

  /** Something in the outbox may have changed. */
  changed(): void {
    if (this.#sink.state() !== this.#failedWith) void this.#flush()
  }

  /** Before something is sent. That it cannot be kept is told, and holds nobody up. */
  async save(): Promise<void> {
    if (!(await this.#ports.isSameUser())) {
      throw new UnauthorizedError('Somebody else is signed in: these writes are not his.')
    }
    await this.#flush()
  }

  /** Keeps what is left, and lets others take it up. */
  async end(): Promise<void> {
    this.#stopLooking()
    await this.#flush()
    this.#ended.abort()
    this.#letGo()
    for (const done of this.#adopted.values()) done()
  }

  #wait(): void {
    const { clock } = this.#ports
    const again = (): void => void this.look().then(() => this.#wait())
    if (this.#ended.signal.aborted) return
    this.#stopLooking = clock.after(lookEvery * (0.75 + clock.random() / 2), again, true)
  }

  /** Resolves with whether the lock was had, once `work` has begun to hold it; it is held until the work is done. */
  async #hold(
    key: string,
    options: LockOptions,
    work: (taken: () => void) => Promise<void>,
  ): Promise<boolean> {
    const { locks } = this.#ports
    return await new Promise((resolve) => {
      const held = async (lock: unknown): Promise<void> => {
        if (lock === null) resolve(false)
        else await work(() => resolve(true))
        resolve(true)
      }
      if (locks === undefined) void held(key)
      // Called off by the end.
      else locks.request(key, options, held).catch(() => resolve(false))
    })
  }

  /** With the lock of another's key in hand. It is held until that key is gone, so that nobody takes it up again. */
  async #takeUp(key: string, taken: () => void): Promise<void> {
    const { storage } = this.#ports
    let text: string | undefined
    try {
      text = await storage.get(key)
      if (text === undefined || this.#ended.signal.aborted) return
      const kept = decodeOutbox(text)
      const removed = new Promise<void>((done) => this.#adopted.set(key, done))
      this.#sink.adopt(kept)
      await this.#flush()
      taken()
      await removed
    } catch (cause) {
      await this.#setAside(key, text, cause)
    }
  }

  /** Under a name at which nobody looks, for whoever can make something of it; a newer version's stays where it is. */
  async #setAside(key: string, text: string | undefined, cause: unknown): Promise<void> {
    const { storage, prefix } = this.#ports
    const aside = `unreadable:${key}`
    const isNewer = cause instanceof NewerFormat
    try {
      if (text !== undefined && !isNewer) await storage.write(new Map([[aside, text]]), [key])
    } catch {
      // It stays where it is, and is found unreadable again.
    }
    const unreadable = [...this.#status.unreadable, isNewer ? key : aside]
    this.#failed(`Writes that an earlier page kept under ${prefix} cannot be read.`, cause, { unreadable })
  }

  /** One save at a time, of the newest state; again where it has changed meanwhile. */
  #flush(): Promise<void> {
    if (this.#isSaved() || this.#ended.signal.aborted) return Promise.resolve()
    this.#saving ??= this.#saveAll()
    return this.#saving
  }

  async #saveAll(): Promise<void> {
    let failed: OutboxState | undefined
    do {
      failed = await this.#saveOnce(this.#sink.state())
    } while (!this.#isSaved() && failed !== this.#sink.state())
    this.#failedWith = failed
    this.#saving = undefined
  }

  /** Gives back the state that could not be kept. */
  async #saveOnce(state: OutboxState): Promise<OutboxState | undefined> {
    const removable = new Map(this.#adopted)
    try {
      const [put, own] = isEmpty(state)
        ? [[], [this.#key]]
        : [[[this.#key, encodeOutbox(state)] as const], []]
      await this.#ports.storage.write(new Map(put), [...own, ...removable.keys()])
    } catch (cause) {
      // Told once, however often it is tried.
      if (this.#status.error === null)
        this.#failed('Writes could not be kept; they are sent all the same.', cause)
      return state
    }
    this.#saved = state
    for (const [key, done] of removable) {
      this.#adopted.delete(key)
      done()
    }
    if (this.#status.error !== null && this.#status.unreadable.length === 0) this.#tell({ error: null })
    return undefined
  }

  #isSaved(): boolean {
    const state = this.#sink.state()
    const { writes } = this.#saved ?? { writes: [] }
    return this.#adopted.size === 0 && (state === this.#saved || (isEmpty(state) && writes.length === 0))
  }

  #failed(message: string, cause: unknown, rest: Partial<StorageStatus> = {}): void {
    this.#tell({ error: new StorageError(message, { cause }), ...rest })
  }

  #tell(changed: Partial<StorageStatus>): void {
    this.#status = Object.freeze({ ...this.#status, ...changed })
    this.#sink.told(this.#status)
  }
}

function isEmpty({ writes }: OutboxState): boolean {
  return writes.length === 0
}

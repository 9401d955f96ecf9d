import {
  defaultSettings,
  initialSync,
  isOutdated,
  type SyncEffect,
  type SyncEvent,
  type SyncState,
  type Timer,
} from '../../../src/sync/sync-state.ts'
import { transition } from '../../../src/sync/sync-transition.ts'
import type { Commit, FeedPage } from '../../../src/transport/feed.ts'

interface Change {
  readonly revision: number
  readonly key: string
  readonly version: number
}

export const keys = ['a', 'b', 'c', 'd'] as const

/**
 * A database, a channel and a reader, as small as can be, around the pure machine. What the client holds is versions by key:
 * a fact is taken in as the store does, and never goes back.
 */
export class SyncWorld {
  readonly log: Change[] = []
  /** Revisions up to this one are not in the log any more. */
  pruned = 0
  readonly channel: FeedPage[] = []
  readonly held = new Map<string, number>()
  readonly timers = new Set<Timer>()
  readonly faults: string[] = []
  state: SyncState = initialSync(true)
  isJoining = false
  isJoined = false
  reading: { readonly type: 'changes'; readonly from: number } | { readonly type: 'page' } | undefined
  /** Which half of the keys has been listed. */
  #listed = 0
  #now = 0
  #seen = 0

  /** @param before what was written before anybody looked, and how much of that the reader was given. */
  constructor(before?: { readonly written: readonly string[]; readonly given: number }) {
    for (const key of before?.written ?? []) this.write(key)
    if (before !== undefined) {
      const revision = Math.min(before.given, this.revision)
      for (const key of keys) this.#take(key, this.versionAt(key, revision))
      this.#listed = 2
      this.tell({ type: 'given', revision, last: true })
    }
    this.tell({ type: 'open' })
  }

  get revision(): number {
    return this.log.length
  }

  get isLoaded(): boolean {
    return this.#listed === 2
  }

  versionAt(key: string, revision: number): number {
    return this.log.findLast((change) => change.key === key && change.revision <= revision)?.version ?? 0
  }

  write(key: string): void {
    const revision = this.revision + 1
    this.log.push({ revision, key, version: this.versionAt(key, revision) + 1 })
    if (this.isJoined) this.channel.push(this.#page(revision - 1, revision))
  }

  /** A message too large to be sent says only that there is one. */
  writeMuch(key: string): void {
    this.write(key)
    const message = this.channel.at(-1)
    if (this.isJoined && message !== undefined) {
      this.channel[this.channel.length - 1] = { ...message, to: message.from, commits: [] }
    }
  }

  deliver(place: number): void {
    const [page] = this.channel.splice(place % Math.max(1, this.channel.length), 1)
    if (page !== undefined) this.tell({ type: 'feed', page })
  }

  duplicate(place: number): void {
    const page = this.channel[place % Math.max(1, this.channel.length)]
    if (page !== undefined) this.tell({ type: 'feed', page })
  }

  drop(place: number): void {
    this.channel.splice(place % Math.max(1, this.channel.length), 1)
  }

  /** A read may see `lag` commits less than there are, though never less than a read saw before. */
  answer(limit: number, lag = 0): void {
    const { reading } = this
    this.#seen = Math.max(this.#seen, this.revision - lag)
    const seen = this.#seen
    this.reading = undefined
    if (reading?.type === 'changes') {
      const { from } = reading
      const resync = from < this.pruned || from > seen
      const to = resync ? from : Math.min(seen, from + limit)
      const page = resync
        ? { revision: seen, from, to, resync, commits: [] }
        : { ...this.#page(from, to), revision: seen }
      this.tell({ type: 'changes', page })
    } else if (reading?.type === 'page') {
      if (isOutdated(this.state, seen)) {
        this.tell({ type: 'outdated' })
        return
      }
      const half = this.#listed === 0 ? keys.slice(0, 2) : keys.slice(2)
      for (const key of half) this.#take(key, this.versionAt(key, seen))
      this.#listed = Math.min(2, this.#listed + 1)
      this.tell({ type: 'page', revision: seen, last: this.isLoaded })
    }
  }

  fail(): void {
    if (this.reading === undefined) return
    this.reading = undefined
    this.tell({ type: 'failed' })
  }

  join(): void {
    if (!this.isJoining) return
    this.isJoining = false
    this.isJoined = true
    this.tell({ type: 'joined' })
  }

  lose(why: 'closed' | 'error' | 'rate'): void {
    this.isJoining = false
    this.isJoined = false
    this.channel.length = 0
    this.tell({ type: 'lost', why })
  }

  ring(timer: Timer, late = 0): void {
    if (!this.timers.delete(timer)) return
    this.#now += 5_000
    this.tell({ type: 'due', timer, late })
  }

  /** Nothing goes wrong any more, until there is nothing left to do. */
  calmDown(): void {
    this.tell({ type: 'online' })
    for (let round = 0; round < 40; round++) {
      while (this.channel.length > 0) this.deliver(0)
      this.join()
      for (let read = 0; this.reading !== undefined && read < 200; read++) this.answer(1_000)
      for (const timer of ['join', 'read', 'poll'] as const)
        if (timer !== 'poll' || round < 20) this.ring(timer)
    }
    for (let read = 0; this.reading !== undefined && read < 200; read++) this.answer(1_000)
  }

  tell(event: SyncEvent): void {
    const before = this.state
    const { state, effects } = transition(before, event, {
      now: this.#now,
      chance: 0.5,
      settings: defaultSettings,
    })
    this.state = state
    for (const effect of effects) this.#act(effect)
    this.#check()
  }

  #act(effect: SyncEffect): void {
    switch (effect.type) {
      case 'join':
        this.isJoining = true
        break
      case 'leave':
        this.isJoining = this.isJoined = false
        this.channel.length = 0
        break
      case 'read-changes':
        if (this.reading !== undefined) this.faults.push('two reads at once')
        this.reading = { type: 'changes', from: effect.from }
        break
      case 'read-page':
        if (this.reading !== undefined) this.faults.push('two reads at once')
        this.reading = { type: 'page' }
        break
      case 'stop-reading':
        this.reading = undefined
        break
      case 'apply':
        for (const { cells } of effect.commits)
          for (const { field, version } of cells) this.#take(field, version)
        break
      case 'relist':
        this.#listed = 0
        break
      case 'wait':
        this.timers.add(effect.timer)
        break
      case 'stop-waiting':
        this.timers.delete(effect.timer)
        break
      case 'healed':
        if (effect.to <= effect.from) this.faults.push('healed nothing')
    }
  }

  #take(key: string, version: number): void {
    this.held.set(key, Math.max(this.held.get(key) ?? 0, version))
  }

  /** What is said to be known is known: all of the listed cells are at least as new as the cursor says. */
  #check(): void {
    const { cursor } = this.state
    if (cursor === null) return
    for (const key of keys.slice(0, this.#listed * 2)) {
      const version = this.versionAt(key, cursor)
      if ((this.held.get(key) ?? 0) < version) this.faults.push(`${key} is behind at cursor ${cursor}`)
    }
  }

  #page(from: number, to: number): FeedPage {
    const commits = this.log.slice(from, to).map(
      ({ revision, key, version }) =>
        ({
          revision,
          operationId: null,
          actor: null,
          cells: [{ field: key, version }],
          deleted: [],
        }) as unknown as Commit,
    )
    return { revision: to, from, to, resync: false, commits }
  }
}

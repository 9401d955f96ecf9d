import { EventEmitter } from 'eventemitter3'
import { ValidationError } from '../errors.ts'
import { cellKey, type CellAddress, type ResolvedAddress } from '../model/address.ts'
import type { CellKey } from '../model/ids.ts'
import { newUuid } from '../model/identifier.ts'
import type { ExternalStore } from '../store/facts.ts'
import type { Clock } from '../transport/clock.ts'
import type { LiveStream, OpenChannel, OpenStream } from '../transport/stream.ts'
import { byCell, gather, nobody, type Company, type Person } from './company.ts'
import {
  decodeMember,
  encodeMember,
  isMode,
  isTextUpTo,
  profileLimits,
  type Member,
  type Place,
  type PresenceMode,
  type Profile,
} from './member.ts'
import {
  initialPresence,
  nextTick,
  step,
  type PresenceEvent,
  type PresenceSettings,
} from './presence-state.ts'

/** How the user is shown to the others; see {@link OpenOptions.presence}. */
export interface PresenceOptions {
  /** What he is called, 1 to 80 characters. */
  readonly name?: string | undefined
  /** The address of a picture, 1 to 500 characters. */
  readonly avatar?: string | undefined
}

/** What presence tells. */
export interface PresenceEvents {
  /** Somebody came, with his first window. */
  join: (person: Person) => void
  /** Somebody left, with his last window. */
  leave: (person: Person) => void
}

/** What presence needs of the world. */
export interface PresencePorts {
  readonly clock: Clock
  /** The id of the signed-in user, from his token; `null` where there is none. */
  readonly userId: () => Promise<string | null>
  readonly settings?: Partial<PresenceSettings> | undefined
  /** Told what a listener threw. */
  readonly report: (error: unknown) => void
}

const defaultSettings: PresenceSettings = { idleAfter: 120_000 }
/** How long people are shown after the channel was lost: most losses are over in a moment. */
const graceMilliseconds = 15_000
const noPeople: readonly Person[] = Object.freeze([])

/**
 * Who has the budget open, and on which cell: {@link Sheet.presence}. An external store; its functions need no `this`. All
 * sheets of a budget share it.
 *
 * What it tells is what each client says of itself. The server proves that they may see the budget, and not who they are:
 * show it, and decide nothing by it.
 */
export class SheetPresence implements ExternalStore<Company> {
  readonly #ports: PresencePorts
  readonly #settings: PresenceSettings
  readonly #events = new EventEmitter<keyof PresenceEvents>()
  readonly #listeners = new Set<{ readonly listener: () => void }>()
  readonly #tab = newUuid()
  readonly #guests: Profile[] = []
  #state
  #place: Pick<Place, 'cell' | 'mode'> = { cell: null, mode: 'viewing' }
  #stream: LiveStream | undefined
  #user: string | null = null
  #said: readonly Member[] = []
  #turn = 0
  #company: Company = nobody
  #cells: ReadonlyMap<CellKey, readonly Person[]> = new Map()
  #stopTick: () => void = () => undefined
  #stopGrace: () => void = () => undefined

  /** @internal */
  constructor(ports: PresencePorts) {
    this.#ports = ports
    this.#settings = { ...defaultSettings, ...ports.settings }
    this.#state = initialPresence(ports.clock.now())
  }

  /** The signed-in user with all his windows; `null` where no sheet was opened with `presence`. */
  get me(): Person | null {
    return this.#company.me
  }

  /** Everybody else, in the order of their ids. Empty where the client's stream is not `broadcast`. */
  get others(): readonly Person[] {
    return this.#company.others
  }

  /** Who is here: the same frozen object until something in it changes. */
  readonly getSnapshot = (): Company => this.#company
  /** What a server renders: the same as {@link SheetPresence.getSnapshot}. */
  readonly getServerSnapshot = (): Company => this.#company
  /** Calls the listener after each change. Returns what ends it. */
  readonly subscribe = (listener: () => void): (() => void) => {
    const entry = { listener }
    this.#listeners.add(entry)
    return () => this.#listeners.delete(entry)
  }

  /**
   * The others who are on a cell. The same frozen array until somebody comes there, goes, or changes: fit for
   * `getSnapshot` of a cell's own store.
   *
   * @throws {ValidationError} where it is not an address.
   */
  readonly at = (cell: CellAddress): readonly Person[] => this.#cells.get(cellKey(cell)) ?? noPeople

  /**
   * Says where this window is; `null` for no cell in particular. Call it as often as the cursor moves: the others are told
   * the newest place, the first two at once and then one in about twelve seconds, because the server takes no more.
   *
   * @throws {ValidationError} where cell or mode is not acceptable, or no sheet of the budget was opened with `presence`.
   */
  readonly move = (cell: CellAddress | null, mode: PresenceMode = 'viewing'): void => {
    if (this.#guests.length === 0) {
      throw new ValidationError('presence', undefined, 'a sheet that was opened with { presence }')
    }
    if (!isMode(mode)) throw new ValidationError('mode', mode, 'viewing, editing')
    this.#place = { cell: cell === null ? null : cellKey(cell), mode }
    this.#step({ type: 'move', to: this.#place })
  }

  /** Listens to people coming and going. Returns what ends it. */
  on<Name extends keyof PresenceEvents>(name: Name, listener: PresenceEvents[Name]): () => void {
    const guarded = (person: Person): void => {
      try {
        listener(person)
      } catch (error) {
        this.#ports.report(error)
      }
    }
    this.#events.on(name, guarded)
    return () => this.#events.off(name, guarded)
  }

  /**
   * @internal Lets the user be seen, until the returned function is called.
   *
   * @throws {ValidationError} where name or avatar is not acceptable.
   */
  enter(options: PresenceOptions): () => void {
    const profile = toProfile(options)
    this.#guests.push(profile)
    this.#step({ type: 'move', to: this.#place })
    return () => {
      const index = this.#guests.indexOf(profile)
      if (index >= 0) this.#guests.splice(index, 1)
      if (this.#guests.length === 0) this.#step({ type: 'move', to: null })
    }
  }

  /** @internal Says that a cell is being edited, where the user is seen, until the returned function is called. */
  edit(cell: ResolvedAddress): () => void {
    if (this.#guests.length === 0) return () => undefined
    const key = cellKey(cell)
    this.move(cell, 'editing')
    return () => {
      const isStill = this.#place.cell === key && this.#place.mode === 'editing'
      if (isStill && this.#guests.length > 0) this.move(cell)
    }
  }

  /** @internal The same channel, without what is about presence: that is kept here. */
  over(open: OpenChannel<'comments' | 'leases'>): OpenStream {
    return (budgetVersionId, tell) => {
      const stream = open(budgetVersionId, (event) => {
        if (event.type === 'present') {
          this.#present(event.members)
          return
        }
        if (event.type === 'joined') void this.#joined(stream)
        if (event.type === 'lost') this.#lost()
        tell(event)
      })
      return {
        leave: () => {
          this.#lost()
          stream.leave()
        },
      }
    }
  }

  /** @internal */
  end(): void {
    this.#stream = undefined
    this.#stopTick()
    this.#stopGrace()
    this.#events.removeAllListeners()
  }

  async #joined(stream: LiveStream): Promise<void> {
    this.#stream = stream
    const user = await this.#ports.userId().catch(() => null)
    if (this.#stream !== stream) return
    this.#user = user
    this.#show()
    if (user !== null && stream.track !== undefined) this.#step({ type: 'joined' })
  }

  #lost(): void {
    if (this.#stream === undefined) return
    this.#stream = undefined
    this.#step({ type: 'lost' })
    this.#stopGrace()
    this.#stopGrace = this.#ports.clock.after(graceMilliseconds, () => this.#present([]), true)
  }

  #present(members: readonly unknown[]): void {
    this.#stopGrace()
    this.#said = members.flatMap((said) => decodeMember(said) ?? [])
    this.#show()
  }

  #step(event: PresenceEvent): void {
    const { clock } = this.#ports
    const before = this.#state
    const now = clock.now()
    const state = step(before, event, now, this.#settings)
    this.#state = state
    this.#stopTick()
    const due = nextTick(state, this.#settings)
    this.#stopTick =
      due === Infinity
        ? () => undefined
        : clock.after(Math.max(0, due - now), () => this.#step({ type: 'tick' }), true)
    this.#show()
    if (state.saying !== undefined && state.calls > before.calls) void this.#say(state.saying)
  }

  async #say(place: Place | null): Promise<void> {
    const stream = this.#stream
    const self = place && this.#self(place, ++this.#turn)
    const isTaken = await stream?.track?.(self && encodeMember(self)).catch(() => false)
    if (stream === this.#stream) this.#step({ type: 'answered', isTaken: isTaken === true })
  }

  #self(place: Place, turn: number): Member | null {
    const profile = this.#guests.at(-1)
    if (profile === undefined || this.#user === null) return null
    return { ...place, ...profile, user: this.#user, tab: this.#tab, turn }
  }

  #show(): void {
    const { wanted } = this.#state
    const member = wanted && this.#self(wanted, this.#turn)
    const before = this.#company
    const company = gather(this.#said, { tab: this.#tab, user: this.#user, member }, before)
    if (company === before) return
    this.#company = company
    const cells = byCell(company.others)
    this.#cells = new Map([...cells].map(([key, people]) => [key, this.#kept(key, people)]))
    for (const { listener } of [...this.#listeners]) {
      try {
        listener()
      } catch (error) {
        this.#ports.report(error)
      }
    }
    this.#tell('leave', before.others, company.others)
    this.#tell('join', company.others, before.others)
  }

  #kept(key: CellKey, people: readonly Person[]): readonly Person[] {
    const before = this.#cells.get(key)
    const isSame =
      before?.length === people.length && people.every((person, index) => person === before[index])
    return isSame ? before : Object.freeze(people)
  }

  #tell(name: keyof PresenceEvents, people: readonly Person[], without: readonly Person[]): void {
    const known = new Set(without.map(({ userId }) => userId))
    for (const person of people) if (!known.has(person.userId)) this.#events.emit(name, person)
  }
}

function toProfile(options: PresenceOptions): Profile {
  if (typeof options !== 'object' || (options as unknown) === null) {
    throw new ValidationError('presence', options, 'an object')
  }
  const part = (name: keyof typeof profileLimits): string | null => {
    const given = options[name]
    if (given === undefined) return null
    const limit = profileLimits[name]
    if (!isTextUpTo(limit)(given)) {
      throw new ValidationError(`presence.${name}`, given, `text of 1 to ${limit} characters`)
    }
    return given
  }
  return { name: part('name'), avatar: part('avatar') }
}

import type { UserBroadcast } from './frames.ts'
import { PresenceRoom, type PresenceDiff, type Tracked } from './presence-state.ts'

/** A broadcast as a frame of its own, or as a client pushed it in a text frame. */
export type Outgoing =
  | { readonly form: 'frame'; readonly broadcast: UserBroadcast }
  | { readonly form: 'text'; readonly payload: Readonly<Record<string, unknown>> }

/** Who is in a room. */
export interface Occupant {
  broadcast(outgoing: Outgoing): void
  presenceChanged(diff: PresenceDiff): void
}

/** Public and private channels of one topic are two rooms. */
export const roomOf = (topic: string, isPrivate: boolean): string =>
  `${isPrivate ? 'private' : 'public'}:${topic}`

/** Who hears whom. */
export class Rooms {
  readonly #members = new Map<string, Set<Occupant>>()
  readonly #presence = new Map<string, PresenceRoom<Occupant>>()
  #references = 0

  enter(room: string, member: Occupant): void {
    const members = this.#members.get(room) ?? new Set()
    this.#members.set(room, members.add(member))
  }

  leave(room: string, member: Occupant): void {
    const members = this.#members.get(room)
    members?.delete(member)
    if (members?.size === 0) this.#members.delete(room)
    this.untrack(room, member)
  }

  broadcast(room: string, outgoing: Outgoing, except?: Occupant): void {
    for (const member of this.#members.get(room) ?? []) if (member !== except) member.broadcast(outgoing)
  }

  present(room: string) {
    return this.#presence.get(room)?.list() ?? {}
  }

  track(room: string, member: Occupant, key: string, tracked: Tracked): void {
    let presence = this.#presence.get(room)
    if (presence === undefined) {
      presence = new PresenceRoom(() => `relay-${++this.#references}`)
      this.#presence.set(room, presence)
    }
    this.#tell(room, presence.track(member, key, tracked))
  }

  untrack(room: string, member: Occupant): void {
    const presence = this.#presence.get(room)
    const diff = presence?.untrack(member)
    if (presence?.isEmpty === true) this.#presence.delete(room)
    if (diff !== undefined) this.#tell(room, diff)
  }

  #tell(room: string, diff: PresenceDiff): void {
    for (const member of this.#members.get(room) ?? []) member.presenceChanged(diff)
  }
}

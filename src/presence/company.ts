import { parseCellKey, type ResolvedAddress } from '../model/address.ts'
import type { CellKey } from '../model/ids.ts'
import type { Member, PresenceMode } from './member.ts'
import { colorsOf, type PresenceColor } from './palette.ts'

/** Where a user is, with one of his windows. Frozen. */
export interface PresencePlace {
  /** `null` for no cell in particular. */
  readonly cell: ResolvedAddress | null
  readonly mode: PresenceMode
  /** Nothing has moved there for a while. */
  readonly isIdle: boolean
}

/** Somebody who has the budget open. Frozen, and the same object until something about him changes. */
export interface Person {
  /** As he says himself: presence is not proven. */
  readonly userId: string
  readonly name: string | null
  /** The address of a picture, as the application gave it. */
  readonly avatar: string | null
  /** For a frame or a badge, the same in every client; white text can be read on it. */
  readonly color: PresenceColor
  /** Whether he is idle everywhere. */
  readonly isIdle: boolean
  /** One for each of his windows. */
  readonly places: readonly PresencePlace[]
}

/** Everybody who has the budget open. Frozen. */
export interface Company {
  /** The signed-in user with all his windows; `null` where he does not want to be seen, or nobody is signed in. */
  readonly me: Person | null
  /** In the order of their ids. */
  readonly others: readonly Person[]
}

/** This window, as it speaks of itself; known before the server heard of it. */
export interface Self {
  readonly tab: string
  readonly user: string | null
  readonly member: Member | null
}

export const nobody: Company = Object.freeze({ me: null, others: Object.freeze([]) })

/** Who is there, of what windows say. What has not changed since `before` is the same object. */
export function gather(said: readonly Member[], self: Self, before: Company): Company {
  const windows = new Map<string, Member>()
  for (const member of said) {
    // What others say of this window is old.
    if (member.tab === self.tab) continue
    const key = `${member.user} ${member.tab}`
    if ((windows.get(key)?.turn ?? -Infinity) < member.turn) windows.set(key, member)
  }
  const byUser = new Map<string, Member[]>()
  const own = self.member === null ? [] : [self.member]
  for (const member of [...own, ...[...windows.values()].toSorted(byTab)]) {
    const members = byUser.get(member.user)
    if (members === undefined) byUser.set(member.user, [member])
    else members.push(member)
  }
  const colors = colorsOf(byUser.keys())
  const known = new Map(
    [...before.others, ...(before.me === null ? [] : [before.me])].map((one) => [one.userId, one]),
  )
  const people = [...colors].flatMap(([user, color]) => {
    const [first, ...more] = byUser.get(user) ?? []
    return first === undefined ? [] : [unchanged(known.get(user), toPerson([first, ...more], color))]
  })
  const me = self.user === null ? null : (people.find(({ userId }) => userId === self.user) ?? null)
  const others = people.filter(({ userId }) => userId !== self.user)
  const isSame =
    me === before.me &&
    others.length === before.others.length &&
    others.every((one, index) => one === before.others[index])
  return isSame ? before : Object.freeze({ me, others: Object.freeze(others) })
}

/** The people at each cell. */
export function byCell(people: readonly Person[]): ReadonlyMap<CellKey, readonly Person[]> {
  const found = new Map<CellKey, Person[]>()
  for (const person of people) {
    for (const { cell } of person.places) {
      if (cell === null) continue
      const key = JSON.stringify([cell.module, cell.entity, cell.field, cell.period]) as CellKey
      const there = found.get(key)
      if (there === undefined) found.set(key, [person])
      else if (there.at(-1) !== person) there.push(person)
    }
  }
  return found
}

function toPerson(members: readonly [Member, ...Member[]], color: PresenceColor): Person {
  const [{ user }] = members
  const named = members.find(({ name }) => name !== null)
  const pictured = members.find(({ avatar }) => avatar !== null)
  return Object.freeze({
    userId: user,
    name: named?.name ?? null,
    avatar: pictured?.avatar ?? null,
    color,
    isIdle: members.every(({ isIdle }) => isIdle),
    places: Object.freeze(
      members.map(({ cell, mode, isIdle }) =>
        Object.freeze({ cell: cell === null ? null : Object.freeze(parseCellKey(cell)), mode, isIdle }),
      ),
    ),
  })
}

function unchanged(before: Person | undefined, now: Person): Person {
  return before !== undefined && JSON.stringify(before) === JSON.stringify(now) ? before : now
}

function byTab(one: Member, other: Member): number {
  return one.tab < other.tab ? -1 : 1
}

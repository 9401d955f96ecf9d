import { parseCellKey, toUuid } from '../model/address.ts'
import type { CellKey } from '../model/ids.ts'
import { isBoolean, isInteger, isObject, oneOf } from '../transport/shape.ts'

/** What somebody does at a cell. */
export type PresenceMode = 'viewing' | 'editing'

/** Where a window of a user is. */
export interface Place {
  /** `null` for no cell in particular. */
  readonly cell: CellKey | null
  readonly mode: PresenceMode
  /** Nothing has moved there for a while. */
  readonly isIdle: boolean
}

/** How the application calls its user. */
export interface Profile {
  readonly name: string | null
  readonly avatar: string | null
}

/** A window of a user, as it speaks of itself. Nobody has proven it. */
export interface Member extends Profile, Place {
  readonly user: string
  /** Which window: an id of its own making. */
  readonly tab: string
  /** Grows with what the window says: of two sayings of a window, which is the later. */
  readonly turn: number
}

/** The most characters of a name, and of the address of a picture. */
export const profileLimits = { name: 80, avatar: 500 } as const
/** Longer ids of windows are not ours. */
const longestTab = 64

export const isMode = oneOf('viewing', 'editing')

/** Small, because everybody is sent it: what is not said is `null` or false. */
export function encodeMember({ user, tab, turn, name, avatar, cell, mode, isIdle }: Member): object {
  return {
    user,
    tab,
    turn,
    mode,
    ...(name !== null && { name }),
    ...(avatar !== null && { avatar }),
    ...(cell !== null && { cell }),
    ...(isIdle && { idle: true }),
  }
}

/** `undefined` for what is no such thing: anybody in the channel may say anything. */
export function decodeMember(said: unknown): Member | undefined {
  if (!isObject(said)) return undefined
  const { user, tab, turn, mode, name = null, avatar = null, cell = null, idle = false } = said
  if (!isTextUpTo(longestTab)(tab) || !isInteger(turn) || !isMode(mode) || !isBoolean(idle)) return undefined
  if (name !== null && !isTextUpTo(profileLimits.name)(name)) return undefined
  if (avatar !== null && !isTextUpTo(profileLimits.avatar)(avatar)) return undefined
  try {
    return {
      user: toUuid(user, 'user'),
      tab,
      turn,
      mode,
      name,
      avatar,
      isIdle: idle,
      cell: cell === null ? null : toKey(cell),
    }
  } catch {
    return undefined
  }
}

export function isTextUpTo(limit: number): (value: unknown) => value is string {
  return (value): value is string => typeof value === 'string' && value.length > 0 && value.length <= limit
}

/** In the one form that equal cells have, whatever spaces came with it. */
function toKey(given: unknown): CellKey {
  const { module, entity, field, period } = parseCellKey(String(given))
  return JSON.stringify([module, entity, field, period]) as CellKey
}

import {
  isBoolean,
  isInteger,
  isObject,
  isText,
  isTextOrNull,
  unexpected,
  type Check,
  type Where,
} from './shape.ts'

// Answers as data: what each member has to be, checked and taken over in one pass. What else an answer holds is left
// behind: a newer database may say more. For answers that come ten thousand at a time, wire.ts reads by hand.

/** Reads a part of an answer, or throws a `ProtocolError` that says where it is in another shape. */
export type Reader<T> = (json: unknown, where: Where) => T

const is =
  <T>(check: Check): Reader<T> =>
  (json, where) => {
    if (!check(json)) throw unexpected(where(), json)
    return json as T
  }

export const text = is<string>(isText)
export const textOrNull = is<string | null>(isTextOrNull)
export const integer = is<number>(isInteger)
export const flag = is<boolean>(isBoolean)
const array = is<unknown[]>(Array.isArray)
const record = is<Record<string, unknown>>(isObject)

export const list =
  <T>(reader: Reader<T>): Reader<T[]> =>
  (json, where) =>
    array(json, where).map((item, index) => reader(item, () => `${where()}.${index}`))

/** An object, with its members under names of ours where `wireNames` says how the wire calls them. */
export const object =
  <T>(
    members: { readonly [Name in keyof T]: Reader<T[Name]> },
    wireNames: { readonly [Name in keyof T]?: string } = {},
  ): Reader<T> =>
  (json, where) => {
    const given = record(json, where)
    const read: Partial<T> = {}
    for (const name in members) {
      const wireName = wireNames[name] ?? name
      read[name] = members[name](given[wireName], () => `${where()}, ${wireName}`)
    }
    return read as T
  }

/** An array of so many members, in this order, as an object with these names. */
export const tuple = <T>(members: { readonly [Name in keyof T]: Reader<T[Name]> }): Reader<T> => {
  const names = Object.keys(members)
  const read = object(members)
  return (json, where) => {
    const given = array(json, where)
    if (given.length !== names.length) throw unexpected(where(), json)
    return read(Object.fromEntries(names.map((name, place) => [name, given[place]])), where)
  }
}

/** What became of one item: an array that begins with the status, which says what follows. */
export const outcome =
  <T>(readers: Readonly<Record<string, Reader<unknown>>>): Reader<T> =>
  (json, where) => {
    const status = String(array(json, where)[0])
    const reader = Object.hasOwn(readers, status) ? readers[status] : undefined
    if (reader === undefined) throw unexpected(where(), json)
    return reader(json, where) as T
  }

export const invalid = tuple({ status: text, field: text, message: text })

/** Of an array, as many as were asked for. */
export const exactly =
  <T>(count: number, reader: Reader<T[]>): Reader<T[]> =>
  (json, where) => {
    const items = reader(json, where)
    if (items.length !== count) throw unexpected(`${where()}: not ${count}`, json)
    return items
  }

/** The key of a cell as its address. */
export const address = tuple<{ module: string; entity: string | null; field: string; period: string | null }>(
  {
    module: text,
    entity: textOrNull,
    field: text,
    period: textOrNull,
  },
)

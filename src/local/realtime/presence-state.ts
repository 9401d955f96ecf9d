// Who is in a room, as Phoenix's presence has it: any number of channels under a key, each with what it last tracked.
// Pure: every change answers with the difference that the others are told.

export type Tracked = Readonly<Record<string, unknown>>

interface Meta {
  readonly phx_ref: string
  readonly [field: string]: unknown
}

/** By key. */
export type PresenceList = Readonly<Record<string, { readonly metas: readonly Meta[] }>>

export interface PresenceDiff {
  readonly joins: PresenceList
  readonly leaves: PresenceList
}

export class PresenceRoom<Owner> {
  readonly #entries = new Map<Owner, { readonly key: string; readonly meta: Meta }>()
  readonly #newRef: () => string

  constructor(newRef: () => string) {
    this.#newRef = newRef
  }

  get isEmpty(): boolean {
    return this.#entries.size === 0
  }

  list(): PresenceList {
    // No prototype: a key is whatever a client says.
    const list = Object.create(null) as Record<string, { metas: Meta[] }>
    for (const { key, meta } of this.#entries.values()) (list[key] ??= { metas: [] }).metas.push(meta)
    return list
  }

  track(owner: Owner, key: string, tracked: Tracked): PresenceDiff {
    const before = this.#entries.get(owner)
    const meta: Meta = {
      ...tracked,
      phx_ref: this.#newRef(),
      ...(before === undefined ? {} : { phx_ref_prev: before.meta.phx_ref }),
    }
    this.#entries.set(owner, { key, meta })
    return { joins: only(key, meta), leaves: before === undefined ? {} : only(before.key, before.meta) }
  }

  /** `undefined`: it was not there. */
  untrack(owner: Owner): PresenceDiff | undefined {
    const before = this.#entries.get(owner)
    if (before === undefined) return undefined
    this.#entries.delete(owner)
    return { joins: {}, leaves: only(before.key, before.meta) }
  }
}

function only(key: string, meta: Meta): PresenceList {
  const list = Object.create(null) as Record<string, { metas: Meta[] }>
  list[key] = { metas: [meta] }
  return list
}

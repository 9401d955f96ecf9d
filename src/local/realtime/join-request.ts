import { createHash } from 'node:crypto'

// What a client asks for when it joins. As the real server, it takes what it understands, with defaults for the rest:
// only the bindings of postgres_changes can be wrong, and those are told about later.

export interface Binding {
  readonly event: 'INSERT' | 'UPDATE' | 'DELETE' | '*'
  readonly schema: unknown
  readonly table: unknown
  readonly filter: unknown
  readonly select: unknown
}

export interface JoinRequest {
  readonly accessToken: string | undefined
  readonly isPrivate: boolean
  /** Whether the sender gets what it sends. */
  readonly sendToSelf: boolean
  readonly acknowledge: boolean
  readonly presenceEnabled: boolean
  /** Empty: one is made. */
  readonly presenceKey: string
  readonly replay: { readonly since: unknown; readonly limit: unknown } | undefined
  readonly bindings: readonly { readonly id: number; readonly binding: Binding }[]
  /** The bindings as they came, with their ids: the client compares them with its own. */
  readonly echo: readonly Readonly<Record<string, unknown>>[]
}

type Json = Readonly<Record<string, unknown>>

const object = (value: unknown): Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {}
const flag = (value: unknown): boolean => value === true || value === 'true'

function action(event: unknown): Binding['event'] {
  const name = typeof event === 'string' ? event.toUpperCase() : '*'
  return name === 'INSERT' || name === 'UPDATE' || name === 'DELETE' ? name : '*'
}

/** The same binding always has the same id, on whichever channel. */
function idOf(binding: Json): number {
  const entries = Object.entries(binding).sort(([one], [other]) => (one < other ? -1 : 1))
  return createHash('sha256').update(JSON.stringify(entries)).digest().readUInt32BE() >>> 5
}

export function readJoinRequest(payload: Json): JoinRequest {
  const config = object(payload.config)
  const broadcast = object(config.broadcast)
  const presence = object(config.presence)
  const changes = Array.isArray(config.postgres_changes) ? (config.postgres_changes as unknown[]) : []
  const echo = changes
    .filter((entry) => entry !== null)
    .map((entry) => ({ ...object(entry), id: idOf(object(entry)) }))
  const token = payload.user_token ?? payload.access_token
  const replay = broadcast.replay
  return {
    accessToken: typeof token === 'string' ? token : undefined,
    isPrivate: flag(config.private),
    sendToSelf: flag(broadcast.self),
    acknowledge: flag(broadcast.ack),
    presenceEnabled: flag(presence.enabled),
    presenceKey: typeof presence.key === 'string' ? presence.key : '',
    replay: replay === undefined ? undefined : { since: object(replay).since, limit: object(replay).limit },
    bindings: echo.map(({ id, ...entry }: Json & { id: number }) => ({
      id,
      binding: {
        event: action(entry.event),
        schema: entry.schema,
        table: entry.table,
        filter: entry.filter,
        select: entry.select,
      },
    })),
    echo,
  }
}

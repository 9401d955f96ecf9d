import fc from 'fast-check'

/** How a way fails for a while: `down` never arrives, `lost` arrives and is not answered, `busy` is a 503. */
export type NetworkState = 'up' | 'down' | 'lost' | 'busy'

/** What goes wrong with Realtime, or goes right again; one for each switch of the local relay. */
export type Fault =
  | { readonly kind: 'drop' | 'duplicate' | 'reorder' | 'delay'; readonly seed: number }
  | { readonly kind: 'premature' | 'oversize' | 'pause' | 'resume' | 'kill' | 'restart' | 'expire' | 'whole' }
  | { readonly kind: 'rate'; readonly excess: 'drop' | 'close' }

/** One thing that somebody does. Clients and cells are told by number. */
export type Command =
  | { readonly do: 'set'; readonly client: number; readonly cell: number; readonly value: number }
  | { readonly do: 'delete'; readonly client: number; readonly cell: number }
  | {
      readonly do: 'batch' | 'session'
      readonly client: number
      readonly cells: readonly number[]
      readonly value: number
    }
  | { readonly do: 'undo' | 'redo'; readonly client: number }
  | { readonly do: 'lock' | 'unlock'; readonly cell: number }
  /** By SQL, past the functions. */
  | { readonly do: 'sql'; readonly cell: number; readonly value: number | null }
  | { readonly do: 'network'; readonly client: number; readonly state: NetworkState }
  | { readonly do: 'tell'; readonly client: number; readonly event: 'wake' | 'online' | 'offline' }
  /** A client's clock goes on, or its computer sleeps for so long. */
  | { readonly do: 'wait' | 'sleep'; readonly client: number; readonly milliseconds: number }
  /** The page goes, with all that it held, and another comes: what is kept is all that is left. */
  | { readonly do: 'reload'; readonly client: number }
  /** The cursor goes to a cell, or to none. */
  | { readonly do: 'move'; readonly client: number; readonly cell: number | null }
  | { readonly do: 'fault'; readonly fault: Fault }
  /** Until a client, or everybody, has nothing under way. */
  | { readonly do: 'settle'; readonly client: number | null }

export interface LiveHistory {
  /** Whether the last client hears of rows by `postgres_changes`, the others of commits by broadcast. */
  readonly hearsRows: boolean
  /** Of each client: what becomes of its conflicts. */
  readonly policies: readonly ('reject' | 'lastWrite' | 'increment')[]
  /** Of each client: which cells its sheet is of. */
  readonly views: readonly View[]
  /** Of each client: whether its writes outlive its page. */
  readonly persists: readonly boolean[]
  /** Of each client: whether its user is seen by the others. */
  readonly isSeen: readonly boolean[]
  readonly commands: readonly Command[]
}

/** All cells, those of one period, or two fields whatever their period. */
export type View = 'all' | 'period' | 'fields'

export const clientCount = 5
export const cellCount = 6

export function liveHistories(): fc.Arbitrary<LiveHistory> {
  const client = fc.nat({ max: clientCount - 1 })
  // Mostly the same few: nobody meets on cells of his own.
  const cell = fc.oneof(
    { arbitrary: fc.nat({ max: 1 }), weight: 2 },
    { arbitrary: fc.nat({ max: cellCount - 1 }), weight: 1 },
  )
  const value = fc.integer({ min: 1, max: 9 })
  const seed = fc.integer({ min: 1, max: 1_000 })
  const fault: fc.Arbitrary<Fault> = fc.oneof(
    fc.record({ kind: fc.constantFrom('drop', 'duplicate', 'reorder', 'delay'), seed }),
    fc.record({
      kind: fc.constantFrom('premature', 'oversize', 'pause', 'resume', 'kill', 'restart', 'expire', 'whole'),
    }),
    fc.record({ kind: fc.constant('rate'), excess: fc.constantFrom('drop', 'close') }),
  )
  const one = <Rest extends Record<string, unknown>>(
    weight: number,
    what: readonly Command['do'][],
    rest: { [Name in keyof Rest]: fc.Arbitrary<Rest[Name]> },
  ) => ({ weight, arbitrary: fc.record({ do: fc.constantFrom(...what), ...rest }) as fc.Arbitrary<Command> })
  const command = fc.oneof(
    one(16, ['set'], { client, cell, value }),
    one(2, ['delete'], { client, cell }),
    one(3, ['batch', 'session'], {
      client,
      cells: fc.uniqueArray(fc.nat({ max: cellCount - 1 }), { minLength: 1, maxLength: cellCount }),
      value,
    }),
    one(4, ['undo', 'redo'], { client }),
    one(2, ['lock', 'unlock'], { cell }),
    one(2, ['sql'], { cell, value: fc.option(value, { freq: 4 }) }),
    one(5, ['network'], {
      client,
      state: fc.constantFrom('up', 'up', 'down', 'lost', 'lost', 'busy'),
    }),
    one(3, ['tell'], { client, event: fc.constantFrom('wake', 'online', 'offline') }),
    one(2, ['wait', 'sleep'], { client, milliseconds: fc.constantFrom(1_500, 5_000, 31_000) }),
    one(2, ['reload'], { client }),
    one(2, ['move'], { client, cell: fc.option(cell, { freq: 4 }) }),
    one(7, ['fault'], { fault }),
    one(5, ['settle'], { client: fc.option(client, { freq: 1 }) }),
  )
  const perClient = <T>(of: fc.Arbitrary<T>) =>
    fc.array(of, { minLength: clientCount, maxLength: clientCount })
  return fc.record({
    hearsRows: fc.boolean(),
    views: perClient(fc.constantFrom<View>('all', 'all', 'period', 'fields')),
    persists: perClient(fc.boolean()),
    isSeen: perClient(fc.boolean()),
    policies: perClient(fc.constantFrom('reject', 'reject', 'lastWrite', 'increment')),
    commands: fc.array(command, { minLength: 1, maxLength: 24, size: 'max' }),
  })
}

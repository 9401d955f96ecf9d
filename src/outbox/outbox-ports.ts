import type { CellsError } from '../errors.ts'
import type { ResolvedAddress } from '../model/address.ts'
import type { Cell } from '../model/cell.ts'
import type { Facts, PendingValue } from '../store/facts.ts'
import type { Clock } from '../transport/clock.ts'
import type { CellsTransport } from '../transport/port.ts'
import type { ConflictSides, Resolution } from './conflict-policy.ts'
import type { Write } from './outbox-state.ts'
import type { OutboxStorage } from './storage.ts'

export interface OutboxPorts {
  readonly transport: Pick<CellsTransport, 'writeCells'>
  readonly clock: Clock
  readonly storage: OutboxStorage
}

/** Whoever shows what the outbox holds, and hears what became of it. */
export interface OutboxSink {
  /** All that `work` does is one change to whoever looks. */
  commit(work: () => void): void
  confirm(facts: Facts): void
  overlay(changes: readonly (readonly [ResolvedAddress, PendingValue | null])[]): void
  confirmed(cell: ResolvedAddress): Cell
  resolve(write: Write, sides: ConflictSides): Resolution
  /** After everything that changed the state. */
  changed(): void
  conflict(write: Write, theirs: Cell, error: CellsError): void
  rejected(write: Write, error: CellsError): void
  /** The database said that there is more to know than it told. */
  refresh(): void
}

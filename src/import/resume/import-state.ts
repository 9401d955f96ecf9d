import type { Batch } from '../batches.ts'
import { addCounts, noCounts, type ImportCounts } from '../report.ts'

/** A part of a batch: the place of its first item, and how many. */
export type Part = readonly [start: number, length: number]

/**
 * All that an import has to remember to go on after a crash. Batches are settled in their order; what of a later batch
 * has landed is found out by sending it again under the same name.
 */
export interface ImportState {
  readonly version: 1
  readonly importId: string
  /** The session that every batch names, whatever the database made of it. */
  readonly sessionId: string
  readonly label: string
  /** Stands for what decides how the source becomes batches. */
  readonly options: string
  /** Bytes of the source, where that is known. */
  readonly size: number | null
  /** Batches whose answer is counted. */
  readonly settled: number
  /** Stands for the contents of the settled batches, in their order. */
  readonly digest: string
  readonly records: number
  readonly counts: ImportCounts
  readonly sessionIds: readonly string[]
  readonly revision: number | null
  /** Bytes of the file of rejects that belong to settled batches. */
  readonly rejectBytes: number
  /** How unsettled batches were divided that were too much for the server at once. */
  readonly parts: Readonly<Record<string, readonly Part[]>>
  readonly phase: 'writing' | 'deleting' | 'done'
}

/** What a call came to. */
interface Tally {
  readonly counts: Partial<ImportCounts>
  readonly sessionIds: readonly string[]
  readonly revision: number | null
}

export function begun(
  named: Pick<ImportState, 'importId' | 'sessionId' | 'label' | 'options' | 'size'>,
): ImportState {
  return {
    version: 1,
    ...named,
    settled: 0,
    digest: '',
    records: 0,
    counts: noCounts,
    sessionIds: [],
    revision: null,
    rejectBytes: 0,
    parts: {},
    phase: 'writing',
  }
}

/** Before any part is sent: from here on the batch is never sent as a whole. */
export function divided(state: ImportState, batch: number, parts: readonly Part[]): ImportState {
  return { ...state, parts: { ...state.parts, [batch]: parts } }
}

/** Once the answers to its calls are tallied. */
export function settled(state: ImportState, batch: Batch, rejectBytes: number): ImportState {
  const { number, digest, records, rejects, skipped } = batch
  const parts = Object.entries(state.parts).filter(([divided]) => divided !== String(number))
  const duplicate = rejects.filter(({ status }) => status === 'duplicate').length
  const counts = { skipped, duplicate, invalid: rejects.length - duplicate }
  return {
    ...state,
    counts: addCounts(state.counts, { ...noCounts, ...counts }),
    settled: number + 1,
    digest,
    records,
    rejectBytes,
    parts: Object.fromEntries(parts),
  }
}

/** Counts what one call came to. */
export function tallied(
  state: ImportState,
  { counts, sessionIds, revision }: Tally,
): Pick<ImportState, 'counts' | 'sessionIds' | 'revision'> {
  return {
    counts: addCounts(state.counts, { ...noCounts, ...counts }),
    sessionIds: [...new Set([...state.sessionIds, ...sessionIds])],
    revision: revision === null ? state.revision : Math.max(revision, state.revision ?? 0),
  }
}

/** The parts of a batch, that one halved. */
export function halved(parts: readonly Part[], [start, length]: Part): readonly Part[] {
  const first = Math.ceil(length / 2)
  return parts.flatMap((part) =>
    part[0] === start
      ? [
          [start, first],
          [start + first, length - first],
        ]
      : [part],
  )
}

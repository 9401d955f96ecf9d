import type { RawValue } from '../map/value.ts'

/** One record of a source: a line of a table, an object, or something that cannot be read as either. */
export interface SourceRecord {
  /** Line of a text, row of a sheet, place in an iterable, from 1. */
  readonly line: number
  /** By column of the header, or by name where the source has no header. */
  readonly values: readonly RawValue[] | Readonly<Record<string, RawValue>>
  /** Why the record is to be rejected whole, and in which column (from 1) that shows. */
  readonly problem?: { readonly reason: string; readonly column?: number | undefined } | undefined
}

/** What a source reads as. */
export interface Records {
  /** The names of the columns; `undefined` where every record names its own. */
  readonly header: readonly string[] | undefined
  /** Some at a time, so that a million of them do not wait a million times. */
  readonly chunks: AsyncIterable<readonly SourceRecord[]>
}

/** Records that something is held open for: a file, a stream, an archive. */
export interface OpenRecords extends Records {
  /** Lets go of it, wherever reading is. */
  close(): void
}

/** How a source is to be read. */
export interface ReadOptions {
  readonly encoding?: string | undefined
  readonly delimiter?: string | undefined
  readonly header?: readonly string[] | undefined
  readonly sheet?: string | undefined
}

/** No record of a table is as long as this; longer is a mistake, such as a quote that was never closed. */
export const longestRecord = 1_000_000

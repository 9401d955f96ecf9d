import type { Row } from './report.ts'

export interface SuiteContext {
  /** 1 is the full size, 0.1 the small one; less is the bench's own test, whose times mean nothing. */
  readonly scale: number
  /** Make the data anew. */
  readonly fresh: boolean
  /** Whether a row of this name was asked for. */
  readonly wants: (name: string) => boolean
  /** Says what goes on. */
  readonly progress: (message: string) => void
}

/**
 * What a file in `suites/` exports as `run`; a suite that takes long yields each row as soon as it is measured. To add a
 * suite, add the file.
 */
export type RunSuite = (context: SuiteContext) => AsyncIterable<Row> | Promise<readonly Row[]>

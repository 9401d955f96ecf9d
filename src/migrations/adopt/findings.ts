import type { Obstacle, Repair } from './report.ts'

/** What looking at an object led to. Repairs are kept apart by when they can be made. */
export type Findings = {
  /** What stands in the way, first. */
  readonly drops: readonly Repair[]
  /** Rows and columns. */
  readonly columns: readonly Repair[]
  /** What checks the rows, or builds on them, last. */
  readonly additions: readonly Repair[]
  /** The application's own. */
  readonly kept: readonly string[]
  /** In another form than in 009, and as good as any, because a later migration makes it anew. */
  readonly left: readonly string[]
  readonly obstacles: readonly Obstacle[]
}

const none: Findings = { drops: [], columns: [], additions: [], kept: [], left: [], obstacles: [] }

export const findings = (some: Partial<Findings>): Findings => ({ ...none, ...some })

export function merged(all: readonly Findings[]): Findings {
  return {
    drops: all.flatMap(({ drops }) => drops),
    columns: all.flatMap(({ columns }) => columns),
    additions: all.flatMap(({ additions }) => additions),
    kept: all.flatMap(({ kept }) => kept),
    left: all.flatMap(({ left }) => left),
    obstacles: all.flatMap(({ obstacles }) => obstacles),
  }
}

import { readFileSync } from 'node:fs'
import type postgres from 'postgres'
import { rounded } from '../report.ts'

/**
 * Processor time of one session's server process: unlike time on the clock, it hardly depends on what else the machine
 * does. Linux alone tells it.
 */
export interface Meter {
  start(): void
  /** Milliseconds since the start. */
  stop(): number | undefined
}

export async function meter(sql: postgres.Sql): Promise<Meter> {
  const [row] = await sql<{ pid: number }[]>`SELECT pg_backend_pid() AS pid`
  const read = (): number | undefined => {
    try {
      return Number(readFileSync(`/proc/${row?.pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6
    } catch {
      return undefined
    }
  }
  let started: number | undefined
  return {
    start: () => (started = read()),
    stop() {
      const now = read()
      return now === undefined || started === undefined ? undefined : now - started
    },
  }
}

/** Means per round, as fields of a row; none where the system does not tell. */
export function processorFields(
  rounds: number,
  ours: Meter,
  baseline: Meter | undefined,
): Record<string, number> {
  const [mine, base] = [ours.stop(), baseline?.stop()]
  if (mine === undefined) return {}
  return {
    cpu: rounded(mine / rounds),
    ...(base === undefined ? {} : { baselineCpu: rounded(base / rounds), cpuRatio: rounded(mine / base) }),
  }
}

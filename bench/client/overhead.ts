import { randomUUID } from 'node:crypto'
import type { SupabaseClient } from '@supabase/supabase-js'
import { createCells, type Budget, type Cell } from '../../src/index.ts'
import { interleave, timed } from '../measure.ts'
import { latencyRow, rounded, type Row } from '../report.ts'

/** Both ways to one budget, as one signed-in user. */
export interface Ways {
  readonly supabase: SupabaseClient
  readonly budgetVersionId: string
}

interface Rounds {
  readonly warmUp: number
  readonly counted: number
}

type Work = (round: number) => Promise<void>

interface Sides {
  readonly ours: Work
  readonly raw: Work
}

/** Ours beside raw supabase-js that calls the same function and checks no more than that there was no error. */
export async function measureOverhead(
  { supabase, budgetVersionId }: Ways,
  scale: number,
  wants: (name: string) => boolean,
  progress: (message: string) => void,
): Promise<Row[]> {
  const budget = createCells(supabase).budget(budgetVersionId)
  const call: Call = async <T>(name: string, parameters: object) => {
    const reply = await supabase
      .schema('efir_budget')
      .rpc(name, { p_budget_version_id: budgetVersionId, ...parameters })
    if (reply.error !== null) throw new Error(`${name}: ${reply.error.message}`)
    return reply.data as T
  }
  const sizes = {
    batch: Math.max(2, Math.round(1_000 * scale)),
    list: Math.max(2, Math.round(10_000 * scale)),
  }
  const rounds = (count: number): number => Math.max(3, Math.round(count * scale))
  const few = { warmUp: rounds(5), counted: rounds(40) }
  const rows: Row[] = []
  const measure = async (name: string, run: Rounds, prepare: () => Promise<Sides>): Promise<void> => {
    if (!wants(name)) return
    progress(name)
    rows.push(await compare(name, run, await prepare()))
  }
  await measure('write.1', { warmUp: rounds(20), counted: rounds(300) }, () => writeOne(budget, call))
  await measure('writeMany.1000', few, () => writeBatch(budget, call, sizes.batch))
  await measure('list.10000', few, () => listCells(budget, call, sizes.list))
  return rows
}

async function compare(name: string, { warmUp, counted }: Rounds, { ours, raw }: Sides): Promise<Row> {
  const processor = { ours: 0, raw: 0 }
  const watched = (side: keyof Sides, work: Work) => async (round: number) => {
    const before = process.cpuUsage()
    const took = await timed(() => work(round))
    const { user, system } = process.cpuUsage(before)
    if (round >= warmUp) processor[side] += (user + system) / 1000
    return took
  }
  const samples = await interleave({ warmUp, counted }, watched('ours', ours), watched('raw', raw))
  return latencyRow(name, samples.ours, samples.baseline, {
    cpu: rounded(processor.ours / counted),
    baselineCpu: rounded(processor.raw / counted),
    cpuRatio: rounded(processor.ours / processor.raw),
  })
}

type Call = <T>(name: string, parameters: object) => Promise<T>
interface RawReply {
  readonly results: readonly (readonly [status: string, id: string, version: number])[]
}

async function writeOne(budget: Budget, call: Call): Promise<Sides> {
  let cell: Cell = await budget.read({ module: 'bench', field: 'ours', period: '1' })
  let version = 0
  return {
    ours: async (round: number) => {
      cell = await budget.write(cell, round + 1)
    },
    raw: async (round: number) => {
      const item = {
        module: 'bench',
        entity: null,
        field: 'raw',
        period: '1',
        base: version,
        number: String(round + 1),
      }
      const { results } = await call<RawReply>('write_cells', envelope([item]))
      version = written(results)[0]!
    },
  }
}

async function writeBatch(budget: Budget, call: Call, size: number): Promise<Sides> {
  const names = Array.from({ length: size }, (_, index) => String(index))
  let cells = await budget.readMany(names.map((period) => ({ module: 'bench', field: 'batch', period })))
  let versions = names.map(() => 0)
  return {
    ours: async (round: number) => {
      const { outcomes } = await budget.writeMany(cells.map((cell) => ({ cell, value: round + 1 })))
      cells = outcomes.map((outcome) => {
        if (outcome.status !== 'written') throw new Error(`A write of the bench ended as ${outcome.status}.`)
        return outcome.cell
      })
    },
    raw: async (round: number) => {
      const number = String(round + 1)
      const items = names.map((period, index) => ({
        ...{ module: 'bench', entity: null, field: 'raw batch', period },
        ...{ base: versions[index], number },
      }))
      const { results } = await call<RawReply>('write_cells', envelope(items))
      versions = written(results)
    },
  }
}

async function listCells(budget: Budget, call: Call, size: number): Promise<Sides> {
  const module = 'bench list'
  await budget.writeMany(
    Array.from({ length: size }, (_, index) => ({
      cell: { module, field: 'list', period: String(index) },
      value: `${index}.25`,
      ifVersion: 'any' as const,
    })),
  )
  const check = (count: number): void => {
    if (count !== size) throw new Error(`The list has ${count} cells instead of ${size}.`)
  }
  return {
    ours: async () => {
      const cells = []
      for await (const cell of budget.list({ module }, { pageSize: 10_000 })) cells.push(cell)
      check(cells.length)
    },
    raw: async () => {
      const cells: unknown[] = []
      let after: string | null = null
      do {
        const page: { cells: unknown[]; next: string | null } = await call('list_cells', {
          p_filter: { module },
          p_after: after,
          p_limit: 10_000,
        })
        cells.push(...page.cells)
        after = page.next
      } while (after !== null)
      check(cells.length)
    },
  }
}

function envelope(items: readonly object[]) {
  return { p_items: items, p_operation_id: randomUUID(), p_session_id: randomUUID() }
}

function written(results: RawReply['results']): number[] {
  return results.map(([status, , version]) => {
    if (status !== 'written') throw new Error(`A write of the bench ended as ${status}.`)
    return version
  })
}

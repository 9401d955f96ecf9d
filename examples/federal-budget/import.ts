import type { Budget } from '@efir/cells'
import type { ReceiptsCell } from './receipts.ts'

export interface ImportCount {
  readonly created: number
  /** Cells that were there already, from an earlier or an interrupted run; they are left as they are. */
  readonly present: number
}

const batchSize = 2_000

/** Creates the cells that do not exist yet. Safe to interrupt and to run again: no cell is doubled or overwritten. */
export async function importReceipts(
  budget: Budget,
  cells: readonly ReceiptsCell[],
  options: { readonly onProgress?: (done: number) => void; readonly signal?: AbortSignal } = {},
): Promise<ImportCount> {
  const session = { id: crypto.randomUUID(), label: 'Import of US federal receipts' }
  let created = 0
  let present = 0
  for (let start = 0; start < cells.length; start += batchSize) {
    const changes = cells
      .slice(start, start + batchSize)
      .map(({ address, value }) => ({ cell: address, value, ifVersion: 0 }))
    const { outcomes } = await budget.writeMany(changes, {
      mode: 'partial',
      changeType: 'import',
      session,
      signal: options.signal,
    })
    for (const outcome of outcomes) {
      if (outcome.status === 'written') created++
      else if (outcome.status === 'conflict') present++
      else throw new Error(`Cell ${start + outcome.index} was not imported: ${outcome.status}`)
    }
    options.onProgress?.(start + changes.length)
  }
  return { created, present }
}

'use client'

import { createBrowserClient } from '@supabase/ssr'
import { createCells, type CellAddress, type CellsSnapshot } from '@efir/cells'
import {
  CellConflictDialog,
  CellsProvider,
  SyncStatus,
  useCells,
  usePlanningCell,
  useReady,
} from '@efir/cells/react'
import { anonKey, filter, url } from './project.ts'

// The server renders this file too, and asks nothing by it: what is shown there is the snapshot.
const cells = createCells(createBrowserClient(url, anonKey))

interface PlanProps {
  readonly budgetVersionId: string
  /** What the server has read. */
  readonly initial: CellsSnapshot
  readonly name: string
}

/** Rendered by the server from the snapshot; live in the browser from the snapshot's revision on. */
export function Plan({ budgetVersionId, initial, name }: PlanProps) {
  return (
    <CellsProvider
      budget={cells.budget(budgetVersionId)}
      filter={filter}
      initial={initial}
      presence={{ name }}
      persist
    >
      <SyncStatus />
      <Table />
      <CellConflictDialog />
    </CellsProvider>
  )
}

function Table() {
  const rows = useCells(filter)
  return (
    <table>
      <tbody>
        {rows.map((cell) => (
          <tr key={cell.base.id}>
            <th>
              {cell.field} {cell.period}
            </th>
            <td>
              <Amount address={cell} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function Amount({ address }: { readonly address: CellAddress }) {
  const { value, isLocked, isPending, set } = usePlanningCell(address)
  // Until then the server's value is shown, and none can be written.
  const isReady = useReady()
  return (
    // Another value from elsewhere makes another field of it: what the user is typing is his until then.
    <input
      key={value}
      aria-label={`${address.field} ${address.period ?? ''}`}
      aria-busy={isPending}
      defaultValue={value ?? ''}
      readOnly={isLocked || !isReady}
      onBlur={({ target }) => target.value !== (value ?? '') && set(target.value || null)}
    />
  )
}

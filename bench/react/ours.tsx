import { createClient } from '@supabase/supabase-js'
import { useEffect, type ReactNode } from 'react'
import { createRoot } from 'react-dom/client'
import { createCells } from '@efir/cells'
import { CellsProvider, usePlanningCell, useReady } from '@efir/cells/react'
import { counts, gridOf } from './grid.tsx'
import { addressOf, serve } from './page.ts'

// A live sheet on the stack: what is typed is shown, sent, confirmed and told to everybody else.

const Grid = gridOf((place) => {
  const { value, set } = usePlanningCell(addressOf(place))
  return [value, set]
})

function WhenReady({ tell }: { readonly tell: () => void }): ReactNode {
  const isReady = useReady()
  useEffect(() => {
    if (isReady) tell()
  }, [isReady, tell])
  return null
}

serve({
  start({ rows, columns, url, key, token, budget }) {
    const supabase = createClient(url, key, { accessToken: () => Promise.resolve(token) })
    const ours = createCells(supabase).budget(budget)
    return new Promise((resolve) => {
      createRoot(document.querySelector('main')!).render(
        <CellsProvider budget={ours}>
          <Grid rows={rows} columns={columns} />
          <WhenReady tell={resolve} />
        </CellsProvider>,
      )
    })
  },
  renders() {
    const { renders } = counts
    counts.renders = 0
    return renders
  },
})

import { createRoot } from 'react-dom/client'
import { flushSync } from 'react-dom'
import { createStore } from 'tinybase/store'
import { Provider, useCell, useSetCellCallback } from 'tinybase/ui-react'
import { counts, gridOf } from './grid.tsx'
import { serve } from './page.ts'

// A store in memory, and its documented hooks: what is typed goes nowhere.

const store = createStore()

const Grid = gridOf(({ row, column }) => {
  const value = useCell('cells', `${row}`, `c${column}`) as string | undefined
  const set = useSetCellCallback('cells', `${row}`, `c${column}`, (next: string | null) => next ?? '', [])
  return [value ?? null, set]
})

serve({
  start({ rows, columns }) {
    store.transaction(() => {
      for (let row = 0; row < rows; row++)
        for (let column = 0; column < columns; column++) store.setCell('cells', `${row}`, `c${column}`, '1')
    })
    flushSync(() =>
      createRoot(document.querySelector('main')!).render(
        <Provider store={store}>
          <Grid rows={rows} columns={columns} />
        </Provider>,
      ),
    )
    return Promise.resolve()
  },
  renders() {
    const { renders } = counts
    counts.renders = 0
    return renders
  },
  change: (row, column, value) => void store.setCell('cells', `${row}`, `c${column}`, value),
})

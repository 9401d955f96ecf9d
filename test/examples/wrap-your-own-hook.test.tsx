import '../react/support/dom.ts'
import { createRoot } from 'react-dom/client'
import { expect, it } from 'vitest'
import type { Sheet } from '@efir/cells'
import { useCell, useStore } from '../../examples/wrap-your-own-hook/use-cell.ts'
import { connectPlan, eventually, growth } from './support/open-plan.ts'

const openPlan = await connectPlan()

it('a hook of ten lines shows what others write, and writes', async () => {
  const { sheet, bob, listeners } = await openPlan()
  let renders = 0
  function Growth({ sheet }: { sheet: Sheet }) {
    const [cell, set] = useCell(sheet, { ...growth })
    renders++
    return <button onClick={() => set('3')}>{cell.value}</button>
  }
  function Waiting({ sheet }: { sheet: Sheet }) {
    return <output>{useStore(sheet.pending).length}</output>
  }
  const page = document.createElement('div')
  const root = createRoot(page)
  root.render([<Growth key="growth" sheet={sheet} />, <Waiting key="waiting" sheet={sheet} />])
  const shows = (text: string) => eventually(() => expect(page.textContent).toBe(text))

  await shows('10')
  await eventually(() => expect(listeners()).toBe(1))
  await bob.write('2')
  await shows('20')
  expect(renders).toBe(2)

  page.querySelector('button')!.click()
  await eventually(async () => expect(await bob.stored()).toBe('3'))
  await shows('30')
  root.unmount()
  await eventually(() => expect(listeners()).toBe(0))
})

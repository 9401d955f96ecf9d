import { memo, type ReactNode } from 'react'
import { expect, it } from 'vitest'
import { usePlanningCell } from '@efir/cells/react'
import { doing, until, connectWorld, within } from './support/world.tsx'

const world = await connectWorld()
const cells = Array.from({ length: 10_000 }, (_, index) => ({
  module: 'react',
  field: `f${index % 100}`,
  period: `p${Math.floor(index / 100)}`,
}))

it('of 10,000 cells, a change by somebody else renders one again', { timeout: 120_000 }, async () => {
  const { alice, bob } = await world()
  await bob.budget.writeMany(cells.map((cell) => ({ cell, value: '1', ifVersion: 0 })))
  const renders = new Map<number, number>()
  const shown = new Map<number, string | null>()
  const Cell = memo(function Cell({ index }: { readonly index: number }): ReactNode {
    const { value } = usePlanningCell(cells[index]!)
    renders.set(index, (renders.get(index) ?? 0) + 1)
    shown.set(index, value)
    return null
  })
  within(
    { budget: alice.budget },
    cells.map((_, index) => <Cell key={index} index={index} />),
  )
  await until(() => shown.size === cells.length && [...shown.values()].every((value) => value === '1'))
  renders.clear()
  await bob.budget.write(await bob.budget.read(cells[4_711]!), '2')
  await until(() => shown.get(4_711) === '2')
  await doing(() => new Promise((resolve) => setTimeout(resolve, 200)))
  expect([...renders]).toEqual([[4_711, 1]])
})

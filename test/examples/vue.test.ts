import './support/page.ts'
import { expect, it } from 'vitest'
import { connectPlan, eventually, growth, type } from './support/open-plan.ts'

// Vue looks for a page when it is loaded.
const { createApp } = await import('vue')
const { CellInput } = await import('../../examples/vue/cell-input.ts')
const openPlan = await connectPlan()

it('a Vue component shows what others write, and writes', async () => {
  const { sheet, bob, listeners } = await openPlan()
  const page = document.createElement('div')
  const app = createApp(CellInput, { sheet, address: growth })
  app.mount(page)
  const input = page.querySelector('input')!
  expect(input.value).toBe('1')
  expect(listeners()).toBe(1)
  await bob.write('2')
  await eventually(() => expect(input.value).toBe('2'))

  type(input, '3')
  await eventually(async () => expect(await bob.stored()).toBe('3'))
  await eventually(() => expect(input.getAttribute('aria-busy')).toBe('false'))
  app.unmount()
  expect(listeners()).toBe(0)
})

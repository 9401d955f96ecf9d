import './support/page.ts'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { CellAddress, Sheet } from '@efir/cells'
import { bundleSvelte } from './support/bundle-svelte.ts'
import { connectPlan, eventually, growth, type } from './support/open-plan.ts'

const openPlan = await connectPlan()

it('a Svelte component shows what others write, and writes', async () => {
  const { mount, unmount, Component } = await bundleSvelte<{ sheet: Sheet; address: CellAddress }>(
    join(import.meta.dirname, '../../examples/svelte/cell-input.svelte'),
  )
  const { sheet, bob, listeners } = await openPlan()
  const page = document.body.appendChild(document.createElement('div'))
  const component = mount(Component, { target: page, props: { sheet, address: growth } })
  const input = page.querySelector('input')!
  expect(input.value).toBe('1')
  expect(listeners()).toBe(1)
  await bob.write('2')
  await eventually(() => expect(input.value).toBe('2'))

  type(input, '3')
  await eventually(async () => expect(await bob.stored()).toBe('3'))
  await eventually(() => expect(input.getAttribute('aria-busy')).toBe('false'))
  await unmount(component)
  expect(listeners()).toBe(0)
})

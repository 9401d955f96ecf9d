import { onTestFinished, vi } from 'vitest'
import { createCells, type Sheet } from '@efir/cells'
import { useStack as connectStack } from '../../support/stack.ts'

export const growth = { module: 'revenue', field: 'growth', period: '2026' }

/** Alice's live sheet with one cell, `growth`, at 1; and Bob, who has the same budget and writes to it elsewhere. */
export async function connectPlan() {
  const stack = await connectStack()
  return async () => {
    const organization = await stack.createOrganization()
    const { id } = await stack.createBudget({ organization })
    const budgetOf = async () =>
      createCells(stack.signIn(await stack.createUser({ organization }))).budget(id)
    const [alice, bob] = await Promise.all([budgetOf(), budgetOf()])
    await bob.write(growth, '1', { ifVersion: 0 })
    const sheet = await alice.open({ module: 'revenue' })
    onTestFinished(async () => {
      await sheet.close()
    })
    await sheet.ready()
    const write = (value: string) => bob.write(growth, value, { ifVersion: 'any' })
    const stored = async () => (await bob.read(growth)).value
    return { sheet, bob: { write, stored }, listeners: countListeners(sheet) }
  }
}

/** How many listen to cells of the sheet, from now on. */
function countListeners(sheet: Sheet): () => number {
  let count = 0
  const cell = sheet.cell.bind(sheet)
  vi.spyOn(sheet, 'cell').mockImplementation((address) => {
    const store = cell(address)
    const subscribe = (listener: () => void) => {
      const stop = store.subscribe(listener)
      count++
      return () => {
        stop()
        count--
      }
    }
    return { ...store, subscribe }
  })
  return () => count
}

/** Types into an input, as a user would, and leaves it. */
export function type(input: HTMLInputElement, text: string): void {
  input.value = text
  input.dispatchEvent(new window.Event('change', { bubbles: true }))
}

/** Waits until it throws no more; the network decides when. */
export const eventually = (check: () => void | Promise<void>) =>
  vi.waitFor(check, { timeout: 15_000, interval: 10 })

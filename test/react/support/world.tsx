import './dom.ts'
import { cleanup, render } from '@testing-library/react'
import type { SupabaseClient } from '@supabase/supabase-js'
import type { ReactElement, ReactNode } from 'react'
import { afterEach, expect, vi } from 'vitest'
import { createCells, type Budget, type CellAddress, type CellsOptions } from '@efir/cells'
import { CellsProvider, type CellsProviderProps } from '@efir/cells/react'
import { useStack as connectStack } from '../../support/stack.ts'

/** A signed-in user with a budget open. */
export interface Someone {
  readonly id: string
  readonly supabase: SupabaseClient
  readonly budget: Budget
  /** Budgets that he was asked to open another sheet of, and how often. */
  readonly opened: () => number
  /** Channels that his client is in. */
  readonly channels: () => number
}

/** The run's stack, an organisation with Alice and Bob, and a budget of theirs. */
export async function connectWorld() {
  const stack = await connectStack()
  afterEach(() => cleanup())
  return async (options: CellsOptions = {}) => {
    const organization = await stack.createOrganization()
    const budget = await stack.createBudget({ organization })
    const someone = async (): Promise<Someone> => {
      const user = await stack.createUser({ organization })
      const supabase = stack.signIn(user)
      const his = createCells(supabase, options).budget(budget.id)
      const open = vi.spyOn(his, 'open')
      return {
        id: user.id,
        supabase,
        budget: his,
        opened: () => open.mock.calls.length,
        channels: () => supabase.getChannels().length,
      }
    }
    const [alice, bob] = await Promise.all([someone(), someone()])
    return { stack, organization, budgetId: budget.id, alice, bob }
  }
}

/** A cell of a module of its own name, so that files do not meet. */
export const at = (field: string, period: string | null = null): CellAddress => ({
  module: 'react',
  field,
  period,
})

/** Writes values, of fields by name. */
export async function fill(budget: Budget, values: Readonly<Record<string, string | null>>): Promise<void> {
  await budget.writeMany(
    Object.entries(values).map(([field, value]) => ({ cell: at(field), value, ifVersion: 'any' as const })),
  )
}

/** Renders inside a provider. */
export function within(props: CellsProviderProps, children: ReactNode) {
  const wrapped = (now: CellsProviderProps, inside: ReactNode): ReactElement => (
    <CellsProvider {...now}>{inside}</CellsProvider>
  )
  const rendered = render(wrapped(props, children))
  return {
    ...rendered,
    again: (now: CellsProviderProps, inside: ReactNode = children) => rendered.rerender(wrapped(now, inside)),
  }
}

/** A component that hands out what a hook answers, and counts how often it was rendered. */
export function probe<Value>(hook: () => Value) {
  const seen: Value[] = []
  function Probe(): ReactNode {
    seen.push(hook())
    return null
  }
  return {
    Probe,
    seen,
    get now(): Value {
      return seen.at(-1)!
    },
    get renders(): number {
      return seen.length
    },
  }
}

/** Waits for something to be so; the network decides when. */
export async function until(check: () => unknown): Promise<void> {
  await vi.waitFor(() => expect(check()).toBeTruthy(), { timeout: 15_000, interval: 10 })
}

/** Does something that changes state, and lets React show it, also what it is refused with. */
export async function doing<Answer>(work: () => Answer | Promise<Answer>): Promise<Answer> {
  try {
    return await work()
  } finally {
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

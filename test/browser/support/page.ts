import { createClient } from '@supabase/supabase-js'
import { createCells, type Sheet, type StreamKind } from '@efir/cells'

// What the browser's page runs; windows.test.ts bundles it and speaks to it.

let sheet: Sheet

interface Given {
  readonly url: string
  readonly key: string
  readonly token: string
  readonly budget: string
  readonly stream: StreamKind
}

const page = {
  async open({ url, key, token, budget, stream }: Given) {
    const supabase = createClient(url, key, { accessToken: () => Promise.resolve(token) })
    sheet = await createCells(supabase, { retry: false, stream })
      .budget(budget)
      .open({}, { persist: true, presence: {} })
    await sheet.ready()
    return sheet.storage.getSnapshot().kind
  },
  set(field: string, value: string): void {
    sheet.set({ module: 'browser', field }, value)
  },
  /** Resolves once the cell shows this value, confirmed or not. */
  async shows(field: string, value: string, isPending: boolean): Promise<void> {
    const cell = sheet.cell({ module: 'browser', field })
    await new Promise<void>((resolve) => {
      const look = (): void => {
        const seen = cell.getSnapshot()
        if (seen.value === value && seen.isPending === isPending) resolve()
      }
      cell.subscribe(look)
      look()
    })
  },
  /** Resolves once the first write that is listed is in that state. */
  async lists(state: string): Promise<void> {
    await new Promise<void>((resolve) => {
      const look = (): void => {
        if (sheet.pending.getSnapshot()[0]?.state === state) resolve()
      }
      sheet.pending.subscribe(look)
      look()
    })
  },
}

/** What the test calls. */
export type Page = typeof page
Object.assign(globalThis, { page })

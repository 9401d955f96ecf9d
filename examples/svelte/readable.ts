import type { Readable } from 'svelte/store'
import type { ExternalStore } from '@efir/cells'

/** A store of a sheet (`sheet.cell(…)`, `sheet.range(…)`, `sheet.status`) as one of Svelte's: `$cell` in a component. */
export function readable<Shown>({ subscribe, getSnapshot }: ExternalStore<Shown>): Readable<Shown> {
  return {
    subscribe(run) {
      run(getSnapshot())
      return subscribe(() => run(getSnapshot()))
    },
  }
}

import { setTimeout as pause } from 'node:timers/promises'
import { createCells } from '@efir/cells'
import { timed } from '../measure.ts'
import type { Place } from './place.ts'
import { sqlClient } from './sql-client.ts'

/** Another user, who writes one cell after the other into the same budget, some thirty a second. */
export async function watchBystander(place: Place) {
  const opened = sqlClient(place.server.url('authenticator', place.database), place.bystander, 1)
  const budget = createCells(opened.client).budget(place.budget)
  const samples: number[] = []
  const over = new AbortController()
  let cell = await budget.write({ module: 'bystander', field: 'f' }, 0, { ifVersion: 0 })
  const writing = (async () => {
    for (let value = 1; !over.signal.aborted; value++) {
      samples.push(await timed(async () => (cell = await budget.write(cell, value))))
      await pause(30)
    }
  })()
  return {
    /** Milliseconds that each write took. */
    async stop(): Promise<readonly number[]> {
      over.abort()
      await writing
      await opened.close()
      return samples
    },
  }
}

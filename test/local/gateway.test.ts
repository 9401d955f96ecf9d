import { expect, it } from 'vitest'
import { provideAuth } from '../../src/local/gateway.ts'

it('leaves the warnings of the process as they were', async () => {
  const before: unknown = Reflect.get(process, 'emitWarning')
  // Port 9 is "discard", where no database is.
  await provideAuth('postgres://nobody:nothing@127.0.0.1:9/none').catch(() => undefined)
  expect(Reflect.get(process, 'emitWarning')).toBe(before)
})

import { expect, it } from 'vitest'
import { load } from '../src/load.ts'

it('hands out the code that it fetched', async () => {
  const code = { call: () => 1 }
  expect(await load(async () => code)).toBe(code)
})

it('tells an application whose files are out of reach that nothing was sent, and may try again', async () => {
  const cause = new TypeError('Failed to fetch dynamically imported module')
  await expect(load(() => Promise.reject(cause))).rejects.toMatchObject({
    name: 'TransportError',
    code: 'network',
    retryable: true,
    status: 0,
    cause,
  })
})

import { createServer } from 'node:net'
import { LocalStackError } from './errors.ts'

/** A port of 127.0.0.1 that nobody listens on at this moment. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') {
    throw new LocalStackError('postgres_failed', 'The system gave no free port on 127.0.0.1.')
  }
  return address.port
}

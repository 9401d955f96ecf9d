import { fork } from 'node:child_process'
import { once } from 'node:events'
import type { SupabaseCoordinates } from '../../src/local/index.ts'

export interface StackProcess {
  readonly coordinates: SupabaseCoordinates
  /** CPU seconds of its gateway and relay so far; the database's are not among them. */
  cpu(): Promise<number>
  stop(): Promise<void>
}

/** The local stack in a process of its own. */
export async function startStackProcess(): Promise<StackProcess> {
  const child = fork(new URL('./serve-stack.ts', import.meta.url), { execArgv: process.execArgv })
  const ended = once(child, 'exit')
  const coordinates = await Promise.race([
    once(child, 'message').then(([message]) => message as SupabaseCoordinates),
    ended.then(([code]) => Promise.reject(new Error(`The stack did not start: exit code ${code}.`))),
  ])
  return {
    coordinates,
    async cpu() {
      child.send('cpu')
      const [seconds] = (await once(child, 'message')) as [number]
      return seconds
    },
    async stop() {
      child.disconnect()
      await ended
    },
  }
}

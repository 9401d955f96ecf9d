import { createInterface } from 'node:readline/promises'
import { CommandError } from './exit-codes.ts'
import type { Io } from './output.ts'

/**
 * Asks before something that touches many cells.
 *
 * @throws {CommandError} where the answer is no, or nobody is there to be asked.
 */
export async function confirm(io: Io, whatWouldBe: string): Promise<void> {
  if (!io.isInteractive || io.terminal === undefined) {
    throw new CommandError('refused', `${whatWouldBe} Nothing was done: say --yes to do it.`)
  }
  const terminal = createInterface({ input: io.input, output: io.terminal })
  const stopped = new AbortController()
  // While it asks, Ctrl-C is a character that it reads, and no signal.
  terminal.once('SIGINT', () => stopped.abort())
  terminal.once('close', () => stopped.abort())
  try {
    const signal = AbortSignal.any([io.signal, stopped.signal])
    const answer = await terminal.question(`${whatWouldBe} Go on? [y/N] `, { signal })
    if (/^y(es)?$/i.test(answer.trim())) return
  } catch (cause) {
    io.stderr('\n')
    throw new CommandError('interrupted', 'interrupted; nothing was done', { cause })
  } finally {
    terminal.close()
  }
  throw new CommandError('refused', 'Nothing was done.')
}

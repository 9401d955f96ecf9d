import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import type { LocalStackOptions } from '../../../src/local/index.ts'

interface Reply {
  readonly starting?: true
  readonly url?: string
  readonly databaseUrl?: string
  readonly directory?: string
  readonly jwtSecret?: string
  readonly anonKey?: string
  readonly code?: string
}

/** A running keep-stack.ts. */
export interface StackProgram {
  readonly pid: number
  /** Its next line. */
  next(): Promise<Reply>
  /** The line in which it says where its stack is, or why there is none. */
  started(): Promise<Required<Omit<Reply, 'starting' | 'code'>> & { readonly code?: string }>
  kill(signal: NodeJS.Signals): Promise<void>
  /** Its exit code, once it has ended by itself. */
  readonly ended: Promise<number | null>
}

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url))

/** Starts a process that starts a stack; killed when the test ends, should it still run. */
export function runStackProgram(
  options: LocalStackOptions = {},
  then?: 'stop' | 'exit',
  environment: Readonly<Record<string, string>> = {},
): StackProgram {
  const child = spawn(
    process.execPath,
    [
      '--import',
      new URL('../../../scripts/sql-as-text.mjs', import.meta.url).href,
      path('./keep-stack.ts'),
      JSON.stringify(options),
      ...(then === undefined ? [] : [then]),
    ],
    { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, ...environment } },
  )
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const ended = once(child, 'exit').then(([code]) => code as number | null)
  const kill = async (signal: NodeJS.Signals): Promise<void> => {
    child.kill(signal)
    await ended
  }
  onTestFinished(() => kill('SIGKILL'))
  const next = async (): Promise<Reply> => {
    const line = await lines.next()
    if (line.done === true) throw new Error('The program ended without a word.')
    return JSON.parse(line.value) as Reply
  }
  return {
    pid: child.pid!,
    ended,
    kill,
    next,
    async started() {
      for (;;) {
        const reply = await next()
        if (reply.starting !== true) return reply as Awaited<ReturnType<StackProgram['started']>>
      }
    },
  }
}

/** The living processes whose command line holds all of the words. */
export function processesWith(...words: readonly string[]): number[] {
  return execFileSync('ps', ['-A', '-ww', '-o', 'pid=,stat=,args='], { encoding: 'utf8' })
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, state = 'Z', ...command]) => {
      const line = command.join(' ')
      return !state.startsWith('Z') && words.every((word) => line.includes(word))
    })
    .map(([pid]) => Number(pid))
}

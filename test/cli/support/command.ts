import { mkdtemp, rm } from 'node:fs/promises'
import { spawn, type ChildProcess } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { onTestFinished } from 'vitest'
import type { TestStack } from '../../support/stack.ts'

const root = join(import.meta.dirname, '../../..')

type Ended = { readonly exitCode: number | null; readonly stdout: string; readonly stderr: string }

/** The command in a process of its own, as a user starts it, from its source. */
export class StartedCommand {
  readonly process: ChildProcess
  readonly ended: Promise<Ended>
  #stdout = ''
  #stderr = ''

  constructor(
    argv: readonly string[],
    options: { env?: Record<string, string>; cwd?: string; input?: string } = {},
  ) {
    this.process = spawn(
      process.execPath,
      [
        '--import',
        pathToFileURL(join(root, 'scripts/from-source.mjs')).href,
        join(root, 'src/cli/main.ts'),
        ...argv,
      ],
      {
        cwd: options.cwd ?? tmpdir(),
        env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', ...options.env },
        stdio: ['pipe', 'pipe', 'pipe'],
      },
    )
    this.process.stdin?.end(options.input ?? '')
    this.process.stdout?.on('data', (piece: Buffer) => (this.#stdout += piece.toString()))
    this.process.stderr?.on('data', (piece: Buffer) => (this.#stderr += piece.toString()))
    this.ended = new Promise((resolve, reject) => {
      this.process.once('error', reject)
      this.process.once('close', (exitCode) =>
        resolve({ exitCode, stdout: this.#stdout, stderr: this.#stderr }),
      )
    })
  }

  /** What stdout has had so far. */
  printed(): string {
    return this.#stdout
  }

  /** Resolves when stderr or stdout has said it; rejects when the process ends without a word of it. */
  async says(words: string): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const look = (): void => {
      if ((this.#stderr + this.#stdout).includes(words)) resolve()
    }
    this.process.stdout?.on('data', look)
    this.process.stderr?.on('data', look)
    void this.ended.then(({ stderr }) => reject(new Error(`It ended without "${words}": ${stderr}`)))
    look()
    await promise
  }
}

export async function efirCells(
  argv: readonly string[],
  options: { env?: Record<string, string>; cwd?: string; input?: string } = {},
): Promise<Ended> {
  return await new StartedCommand(argv, options).ended
}

/** A directory of the test's own. */
export async function temporaryDirectory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'cells-cli-'))
  onTestFinished(() => rm(path, { recursive: true, force: true }))
  return path
}

/** A new organisation with a budget, and the environment of one of its members. */
export async function member(stack: TestStack) {
  const organization = await stack.createOrganization()
  const user = await stack.createUser({ organization })
  const budget = await stack.createBudget({ organization })
  const env = {
    SUPABASE_URL: stack.url,
    SUPABASE_ANON_KEY: stack.anonKey,
    CELLS_ACCESS_TOKEN: user.accessToken,
    CELLS_BUDGET: budget.id,
  }
  return { organization, user, budget, env }
}

import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../../', import.meta.url))

export type Finished = { readonly exitCode: number | null; readonly stdout: string; readonly stderr: string }

/** Runs a program to its end in a process of its own. */
export function runProgram(
  command: string,
  argv: readonly string[],
  options: { cwd?: string; env?: Record<string, string> } = {},
): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, argv, {
      cwd: options.cwd ?? root,
      env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
    child.once('error', reject)
    child.once('close', (exitCode) => resolve({ exitCode, stdout, stderr }))
  })
}

/** The command, as a user starts it, from its source. */
export async function efirCells(
  argv: readonly string[],
  env: Record<string, string> = {},
): Promise<Finished> {
  return await runProgram(
    process.execPath,
    ['--import', './scripts/from-source.mjs', 'src/cli/main.ts', ...argv],
    { env },
  )
}

import { tmpdir } from 'node:os'
import { PassThrough } from 'node:stream'
import type { Io } from '../../../src/cli/output.ts'
import { run } from '../../../src/cli/program.ts'

/**
 * Calls the command in this process, which is many times faster than a process of its own: for what does not depend on
 * being one.
 */
export async function callCommand(
  argv: readonly string[],
  { input, ...given }: Partial<Omit<Io, 'input'>> & { readonly input?: string } = {},
): Promise<{ exitCode: number; stdout: string; stderr: string }> {
  let stdout = ''
  let stderr = ''
  const sink = new PassThrough()
  sink.on('data', (piece: Buffer) => (stdout += piece.toString()))
  const exitCode = await run(argv, {
    stdout: (text) => (stdout += text),
    stderr: (text) => (stderr += text),
    input: new PassThrough().end(input ?? ''),
    sink,
    terminal: undefined,
    isInteractive: false,
    screens: { stdout: undefined, stderr: undefined },
    cwd: tmpdir(),
    env: {},
    signal: new AbortController().signal,
    ...given,
  })
  return { exitCode, stdout, stderr }
}

#!/usr/bin/env node
import { exitCodes } from './exit-codes.ts'
import type { Screen } from './output.ts'
import { run } from './program.ts'

const interruption = new AbortController()
/** What ended it before its time, where something did. */
let stopped: 'interrupted' | 'terminated' | 'brokenPipe' | undefined
const stop = (why: typeof stopped): void => {
  stopped ??= why
  interruption.abort()
}
// Once stops in good order; twice is the server's to clean up.
process.once('SIGINT', () => stop('interrupted'))
process.once('SIGTERM', () => stop('terminated'))
// Whoever reads has had enough: `| head`. There is nothing to say about that, and nobody to say it to.
process.stdout.on('error', () => stop('brokenPipe'))
process.stderr.on('error', () => undefined)

const exitCode = await run(process.argv.slice(2), {
  stdout: (text) => process.stdout.write(text),
  stderr: (text) => stopped === 'brokenPipe' || process.stderr.write(text),
  input: process.stdin,
  sink: process.stdout,
  terminal: process.stderr.isTTY ? process.stderr : undefined,
  isInteractive: process.stdin.isTTY && process.stderr.isTTY,
  screens: { stdout: screenOf(process.stdout), stderr: screenOf(process.stderr) },
  env: process.env,
  cwd: process.cwd(),
  signal: interruption.signal,
})

// What was said goes out first. Then it ends, whatever timers a client of Realtime has left.
for (const stream of [process.stdout, process.stderr]) {
  await new Promise<void>((done) => stream.write('', () => done()))
}
process.exit(wasCutShort() ? exitCodes[stopped ?? 'interrupted'] : exitCode)

/** A command that had done its work when the signal came keeps its own answer. */
function wasCutShort(): boolean {
  return exitCode === exitCodes.interrupted || stopped === 'brokenPipe'
}

/** Node looks at NO_COLOR, FORCE_COLOR and TERM. */
function screenOf(stream: NodeJS.WriteStream): Screen | undefined {
  return stream.isTTY ? { columns: stream.columns, hasColors: stream.hasColors() } : undefined
}

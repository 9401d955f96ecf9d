#!/usr/bin/env node
import { run } from './program.ts'

const interruption = new AbortController()
// Once stops in good order; twice is the server's to clean up.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interruption.abort())
// Whoever reads has had enough: `| head`.
process.stdout.once('error', () => interruption.abort())

const exitCode = await run(process.argv.slice(2), {
  stdout: (text) => process.stdout.write(text),
  stderr: (text) => process.stderr.write(text),
  input: process.stdin,
  sink: process.stdout,
  terminal: process.stderr.isTTY ? process.stderr : undefined,
  env: process.env,
  cwd: process.cwd(),
  signal: interruption.signal,
})

// What was said goes out first. Then it ends, whatever timers a client of Realtime has left.
for (const stream of [process.stdout, process.stderr]) {
  await new Promise<void>((done) => stream.write('', () => done()))
}
process.exit(exitCode)

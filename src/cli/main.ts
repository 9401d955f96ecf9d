#!/usr/bin/env node
import { run } from './program.ts'

const interruption = new AbortController()
// Once stops in good order; twice is the server's to clean up.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interruption.abort())
// Whoever reads has had enough: `| head`.
process.stdout.once('error', () => interruption.abort())

process.exitCode = await run(process.argv.slice(2), {
  stdout: (text) => process.stdout.write(text),
  stderr: (text) => process.stderr.write(text),
  input: process.stdin,
  sink: process.stdout,
  terminal: process.stderr.isTTY ? process.stderr : undefined,
  env: process.env,
  cwd: process.cwd(),
  signal: interruption.signal,
})

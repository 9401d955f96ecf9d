#!/usr/bin/env node
import { run } from './program.ts'

const interruption = new AbortController()
// Once stops between two statements and rolls back; twice is the server's to clean up.
process.once('SIGINT', () => interruption.abort())

process.exitCode = await run(process.argv.slice(2), {
  stdout: (text) => process.stdout.write(text),
  stderr: (text) => process.stderr.write(text),
  env: process.env,
  signal: interruption.signal,
})

import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { join } from 'node:path'

const directory = join(import.meta.dirname, '../../../examples/next')
const program = createRequire(import.meta.url).resolve('next/dist/bin/next')

/** Next's development server with the example: what it answers is rendered as in production, without the minute of a build. */
export async function startNext(environment: Readonly<Record<string, string>>) {
  const child = spawn(
    process.execPath,
    [program, 'dev', directory, '--hostname', '127.0.0.1', '--port', '0'],
    {
      env: { ...process.env, ...environment, NODE_ENV: 'development', NEXT_TELEMETRY_DISABLED: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  let output = ''
  const origin = await new Promise<string>((resolve, reject) => {
    const take = (text: Buffer) => {
      output += text.toString()
      const address = /http:\/\/127\.0\.0\.1:\d+/.exec(output)?.[0]
      if (address !== undefined) resolve(address)
    }
    child.stdout.on('data', take)
    child.stderr.on('data', take)
    child.once('exit', (code) => reject(new Error(`Next ended with ${code}.\n${output}`)))
  })
  return {
    origin,
    /** All that it has said. */
    output: () => output,
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null) return
      const gone = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGTERM')
      await gone
    },
  }
}

// Runs a command with a Supabase of its own, which this process serves, in its environment:
//   npm run program scripts/with-stack.ts -- npm run test:contract
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { startLocalStack } from '../src/local/index.ts'
import { environmentOf } from '../test/support/environment.ts'

const [command, ...given] = process.argv.slice(2)
if (command === undefined) throw new Error('Which command?')

await using stack = await startLocalStack()
const child = spawn(command, given, { stdio: 'inherit', env: { ...process.env, ...environmentOf(stack) } })
const [code] = (await once(child, 'exit')) as [number | null]
process.exitCode = code ?? 1

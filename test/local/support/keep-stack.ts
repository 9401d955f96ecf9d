// A program of its own that keeps a stack up until it is killed, or, told `stop` as its second argument, stops it and
// should then end by itself. It says in one line of JSON what became of the start.
import { LocalStackError, startLocalStack, type LocalStackOptions } from '../../../src/local/index.ts'

const [options = '{}', then] = process.argv.slice(2)

try {
  const stack = await startLocalStack({
    ...(JSON.parse(options) as LocalStackOptions),
    migrations: 'none',
    onProgress: ({ step }) => {
      if (step === 'database') console.log(JSON.stringify({ starting: true }))
    },
  })
  const { url, databaseUrl, directory, jwtSecret, anonKey } = stack
  console.log(JSON.stringify({ url, databaseUrl, directory, jwtSecret, anonKey }))
  if (then === 'stop') await stack.stop()
  if (then === 'exit') process.exit(3)
} catch (error) {
  console.log(JSON.stringify({ code: error instanceof LocalStackError ? error.code : String(error) }))
  process.exitCode = 1
}

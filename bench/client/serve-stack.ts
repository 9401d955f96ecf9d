// A process of its own for the stack, so that the CPU time of the bench's process is the client's alone.
import { startLocalStack } from '../../src/local/index.ts'

const stack = await startLocalStack()
const { url, anonKey, serviceKey, jwtSecret, databaseUrl } = stack
process.send?.({ url, anonKey, serviceKey, jwtSecret, databaseUrl })
process.on('message', () => {
  const { user, system } = process.cpuUsage()
  process.send?.((user + system) / 1e6)
})
process.once('disconnect', () => void stack.stop().then(() => process.exit()))

import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { startLocalStack, type ExtraDatabase, type LocalStack } from '../../src/local/index.ts'

/**
 * Starts the run's one stack when a test file first asks for it, so that a run of pure unit tests pays nothing, and
 * makes databases on it. Test files run in processes of their own, hence HTTP.
 */
export async function openBroker(): Promise<{ readonly url: string; close(): Promise<void> }> {
  const secret = randomUUID()
  let started: Promise<LocalStack> | undefined
  const databases = new Map<string, ExtraDatabase>()
  let building: Promise<string> | undefined
  const stack = (): Promise<LocalStack> => (started ??= startLocalStack())

  const routes: Record<string, (body: string) => Promise<unknown>> = {
    async stack() {
      const { url, anonKey, serviceKey, jwtSecret, databaseUrl } = await stack()
      return { url, anonKey, serviceKey, jwtSecret, databaseUrl }
    },
    async createDatabase(body) {
      const database = await (await stack()).createDatabase(JSON.parse(body) as object)
      databases.set(database.name, database)
      return { name: database.name, databaseUrl: database.databaseUrl }
    },
    async dropDatabase(body) {
      const { name } = JSON.parse(body) as { name: string }
      await databases.get(name)?.drop()
      databases.delete(name)
      return {}
    },
    /** The planning grid, built once for all the files that look at it. */
    async gridPage() {
      building ??= buildGridPage(join((await stack()).directory, 'page'))
      return await building
    },
    async reloadSchema() {
      await (await stack()).reloadSchema()
      return {}
    },
  }

  const server = createServer((request, response) => {
    void (async () => {
      const [, given, name = ''] = (request.url ?? '').split('/')
      const route = given === secret ? routes[name] : undefined
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk as Buffer)
      try {
        const answer = await route?.(Buffer.concat(chunks).toString('utf8'))
        response.writeHead(answer === undefined ? 404 : 200).end(JSON.stringify(answer ?? {}))
      } catch (error) {
        response.writeHead(500).end(error instanceof Error ? error.stack : String(error))
      }
    })()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/${secret}`,
    async close() {
      server.close()
      server.closeAllConnections()
      await started?.then((running) => running.stop()).catch(() => undefined)
    },
  }
}

/** Vite is loaded by the first who needs it. */
export async function buildGridPage(directory: string): Promise<string> {
  const { buildPage } = await import('../../examples/planning-grid/serve.ts')
  await buildPage(directory)
  return directory
}

/** Asks the broker from a test file. */
export async function askBroker<T>(broker: string, name: string, body: object = {}): Promise<T> {
  const response = await fetch(`${broker}/${name}`, { method: 'POST', body: JSON.stringify(body) })
  const text = await response.text()
  if (!response.ok) throw new Error(`The test stack could not do "${name}": ${text}`)
  return JSON.parse(text) as T
}

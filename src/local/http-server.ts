import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { LocalStackError } from './errors.ts'

export interface HttpServer {
  readonly port: number
  /** For what is no plain request: a WebSocket endpoint attaches to its `upgrade` event. */
  readonly server: Server
  close(): Promise<void>
}

const METHODS = 'GET,HEAD,PUT,PATCH,POST,DELETE,OPTIONS'

/** Browsers ask before they send a profile header or a token; hosted Supabase's gateway allows what they ask for. */
function answerPreflight(request: IncomingMessage, response: ServerResponse): boolean {
  const asked = request.headers['access-control-request-method']
  if (request.method !== 'OPTIONS' || asked === undefined) return false
  response.writeHead(200, {
    'access-control-allow-origin': '*',
    'access-control-allow-methods': METHODS,
    'access-control-allow-headers': request.headers['access-control-request-headers'] ?? '*',
    'access-control-max-age': '86400',
    vary: 'Access-Control-Request-Headers',
    'content-length': '0',
  })
  response.end()
  return true
}

/**
 * @param port By number: that one or an error. Otherwise any free one.
 * @throws LocalStackError `port_taken`
 */
export async function listen(
  fetch: (request: Request) => Promise<Response>,
  port: number | undefined,
): Promise<HttpServer> {
  // The host's own Request and Response stay as they are.
  const answer = getRequestListener(fetch, { overrideGlobalObjects: false })
  const server = createServer((request, response) => {
    if (!answerPreflight(request, response)) void answer(request, response)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port ?? 0, '127.0.0.1', resolve)
  }).catch((cause: unknown) => {
    throw new LocalStackError(
      'port_taken',
      `Port ${port ?? 0}, asked for REST and Auth, is in use on 127.0.0.1.`,
      {
        cause,
      },
    )
  })
  const address = server.address()
  if (address === null || typeof address === 'string') {
    throw new LocalStackError('gateway_failed', 'The HTTP server did not say where it listens.')
  }
  return {
    port: address.port,
    server,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

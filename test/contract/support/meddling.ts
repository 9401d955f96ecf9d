import { bypass, http } from 'msw'
import type { SetupServer } from 'msw/node'

/** A request of a call that somebody meddles with. */
export interface Meddled {
  /** How many there were of the call, this one included. */
  readonly count: number
  /** How many changes it carries. */
  readonly items: number
  readonly name: string
  /** Lets it through, and gives what the database answered. */
  readonly send: () => Promise<Response>
}

/** Lets requests through to a real database, and answers in its place where `meddling` says so. */
export function meddle(
  network: SetupServer,
  url: string,
  name: string,
  meddling: (request: Meddled) => Promise<Response>,
) {
  const answers: string[] = []
  let count = 0
  network.use(
    http.post<{ name: string }>(`${url}/rest/v1/rpc/${name}`, async ({ request, params }) => {
      const { p_items: items = [] } = (await request.clone().json()) as { p_items?: unknown[] }
      const send = async () => {
        const response = await fetch(bypass(request))
        answers.push(await response.clone().text())
        return response
      }
      return await meddling({ count: ++count, items: items.length, name: params.name, send })
    }),
  )
  return { answers, count: () => count }
}

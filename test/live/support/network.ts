import type { NetworkState } from './commands.ts'

/** A call of a database function on its way. */
export interface Rpc {
  readonly name: string
  readonly parameters: Record<string, unknown>
}

/** What a mutant does to a call: other parameters, or an answer of its own. */
export type Meddle = (rpc: Rpc) => Record<string, unknown> | Response

/** What happens on the way of calls. */
export interface NetworkWatch {
  readonly sent: (rpc: Rpc) => void
  /** With what the database said, whether or not the caller gets to hear it. */
  readonly answered: (rpc: Rpc, reply: unknown) => void
  /** Something began or ended. */
  readonly moved: () => void
}

/** A `fetch` that fails as networks and gateways do; what reaches the database is real. */
export class Network {
  state: NetworkState = 'up'
  watch: NetworkWatch | undefined
  meddle: Meddle | undefined
  #underWay = 0

  get isBusy(): boolean {
    return this.#underWay > 0
  }

  readonly fetch: typeof fetch = async (input, init) => {
    const name = /\/rpc\/(\w+)/.exec(new Request(input).url)?.[1]
    const { watch } = this
    this.#underWay += 1
    watch?.moved()
    try {
      if (name === undefined) return await fetch(input, init)
      const parameters = JSON.parse(init?.body as string) as Record<string, unknown>
      return await this.#call({ name, parameters }, input, init)
    } finally {
      this.#underWay -= 1
      // Whoever is told acts on the answer first.
      setImmediate(() => watch?.moved())
    }
  }

  async #call(rpc: Rpc, ...[input, init]: Parameters<typeof fetch>): Promise<Response> {
    const { state, watch } = this
    if (state === 'down') throw new TypeError('fetch failed')
    if (state === 'busy') return Response.json({ message: 'upstream is busy' }, { status: 503 })
    const parameters = this.meddle?.(rpc) ?? rpc.parameters
    if (parameters instanceof Response) return parameters
    watch?.sent({ ...rpc, parameters })
    const response = await fetch(input, { ...init, body: JSON.stringify(parameters) })
    const text = await response.text()
    if (response.ok) watch?.answered({ ...rpc, parameters }, JSON.parse(text))
    if (state === 'lost') throw new TypeError('fetch failed')
    const { status, headers } = response
    return new Response(text, { status, headers })
  }
}

import { createClient } from '@supabase/supabase-js'
import { cellKey, createCells, type Cell, type CellAddress, type SheetFilter } from '@efir/cells'
import { startLocalStack, type LocalStack } from '../../../src/local/index.ts'
import { settled } from '../../leases/support/held-clock.ts'
import { cellCount, clientCount, type Command, type Fault, type LiveHistory, type View } from './commands.ts'
import { LiveClient, type Mutant, type Newest, type Person } from './live-client.ts'
import { Network } from './network.ts'
import { compareWithRecords } from './records.ts'

/** Far more than a healthy run takes: only for what would hang for ever. */
const patience = 60_000
/** How often clocks may jump until all is at rest. */
const mostJumps = 2_000

const cells: readonly CellAddress[] = Array.from({ length: cellCount }, (_, index) => ({
  module: 'plan',
  field: `f${index}`,
  ...(index % 2 === 0 && { period: '2026' }),
}))

const filters: Readonly<Record<View, SheetFilter>> = {
  all: {},
  period: { period: '2026' },
  fields: { field: ['f0', 'f1'] },
}

/** A stack of its own, with people signed in, for one history after the other. */
export class LiveWorld implements AsyncDisposable {
  readonly #stack: LocalStack
  readonly #organization: string
  readonly #people: readonly Person[]
  readonly #keeper: Person

  private constructor(stack: LocalStack, organization: string, people: readonly Person[], keeper: Person) {
    this.#stack = stack
    this.#organization = organization
    this.#people = people
    this.#keeper = keeper
  }

  static async open(): Promise<LiveWorld> {
    const stack = await startLocalStack()
    stack.realtime.joinErrorDelay(5)
    const { id } = await stack.createOrganization()
    const users = await Promise.all([1, 2, 3, 4].map(() => stack.createUser({ organization: id })))
    const signIn = (place: number): Person => {
      const user = users[place]!
      const network = new Network()
      const supabase = createClient(stack.url, stack.anonKey, {
        // A fresh one each time, so that one that has expired is not the next one as well.
        accessToken: () => stack.signToken({ sub: user.id, email: user.email, jti: crypto.randomUUID() }),
        global: { fetch: network.fetch },
        realtime: { reconnectAfterMs: () => 5, timeout: 2_000 },
      })
      return { userId: user.id, supabase, network }
    }
    // Two users with two tabs each, and another one; the fourth locks cells.
    const people = [0, 0, 1, 1, 2].slice(0, clientCount).map(signIn)
    return new LiveWorld(stack, id, people, signIn(3))
  }

  /** Plays a history, ends all faults, and throws where anything is not as promised. */
  async run(history: LiveHistory, mutant?: Mutant): Promise<void> {
    const { id } = await this.#stack.createBudget({ organization: this.#organization })
    const newest: Newest = { revision: 0 }
    const clients = this.#people.map((person, index) => {
      const policy = history.policies[index] ?? 'reject'
      const stream = history.hearsRows && index === clientCount - 1 ? 'postgres_changes' : 'broadcast'
      return new LiveClient(`client ${index}`, person, id, {
        ...{ policy, stream, newest, mutant },
        filter: filters[history.views[index] ?? 'all'],
        persists: history.persists[index] ?? false,
        isSeen: history.isSeen[index] ?? false,
      })
    })
    await Promise.all(clients.map((client) => client.open()))
    let giveUp!: (error: Error) => void
    const late = new Promise<never>((_, reject) => (giveUp = reject))
    const timer = setTimeout(
      () => giveUp(new Error(`A run hangs.\n${clients.map((client) => client.describe()).join('\n')}`)),
      patience,
    )
    try {
      await Promise.race([this.#play(history, id, clients), late])
    } finally {
      clearTimeout(timer)
      await this.#heal()
      for (const client of clients) client.network.state = 'up'
      await Promise.all(clients.map((client) => client.close()))
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#people, this.#keeper].map(({ supabase }) => supabase.removeAllChannels()))
    await this.#stack.stop()
  }

  async #play(history: LiveHistory, budgetVersionId: string, clients: readonly LiveClient[]): Promise<void> {
    for (const command of history.commands) {
      await this.#perform(command, budgetVersionId, clients)
      await settled()
    }
    await this.#heal()
    for (const client of clients) {
      client.network.state = 'up'
      if (!client.isOnline) client.tell('online')
    }
    // Who is there has no revisions: what was lost of it is told again at the next join, and not before.
    const mayLoseCompany = history.commands.some(({ do: what }) => what === 'fault')
    if (mayLoseCompany && clients.some((client) => client.isThere)) this.#stack.realtime.kill()
    await this.#rest(budgetVersionId, clients)
    const problems = [
      ...(await meet(clients)),
      ...clients.flatMap((client) => client.problems),
      ...(await compareWithRecords(this.#stack.sql, budgetVersionId, clients)),
      ...(await this.#compareWithFreshRead(budgetVersionId, clients)),
    ]
    if (problems.length > 0) throw new Error(problems.join('\n'))
  }

  async #perform(command: Command, budgetVersionId: string, clients: readonly LiveClient[]): Promise<void> {
    const client = clients['client' in command && command.client !== null ? command.client : 0]!
    const { sheet } = client
    const isThere = (place: number) => client.has(cells[place]!) && client.isReady
    switch (command.do) {
      case 'set':
        if (isThere(command.cell)) client.write([sheet.set(cells[command.cell]!, command.value)])
        return
      case 'delete':
        if (isThere(command.cell)) client.write([sheet.delete(cells[command.cell]!)])
        return
      case 'batch': {
        const places = command.cells.filter(isThere)
        const changes = places.map((place) => ({ cell: cells[place]!, value: command.value + place }))
        client.write(sheet.setMany(changes, 'Batch').writes)
        return
      }
      case 'session':
        sheet.session('Session', (session) => {
          for (const place of command.cells.filter(isThere)) {
            client.write([session.set(cells[place]!, command.value)])
          }
        })
        return
      case 'reload':
        await client.reload()
        return
      case 'move':
        client.move(command.cell === null ? null : cells[command.cell]!)
        return
      case 'undo':
      case 'redo':
        client.turn(command.do)
        return
      case 'lock':
      case 'unlock':
        await this.#keeper.supabase.schema('efir_budget').rpc(`${command.do}_cells`, {
          p_budget_version_id: budgetVersionId,
          p_references: [{ entity: null, period: null, ...cells[command.cell] }],
        })
        return
      case 'sql':
        await this.#writeBySql(budgetVersionId, cells[command.cell]!, command.value)
        return
      case 'network':
        client.network.state = command.state
        return
      case 'tell':
        client.tell(command.event)
        return
      case 'wait':
        await client.clock.pass(command.milliseconds)
        return
      case 'sleep':
        client.clock.sleep(command.milliseconds)
        await client.clock.pass(0)
        return
      case 'fault':
        await this.#fail(command.fault)
        return
      case 'settle':
        await quiet(command.client === null ? clients : [client])
        return
    }
  }

  async #writeBySql(budgetVersionId: string, cell: CellAddress, value: number | null): Promise<void> {
    const { sql } = this.#stack
    const { module, field, period = null } = cell
    // Locked cells refuse whoever it is.
    await sql`
      INSERT INTO efir_budget.planning_cells (budget_version_id, module_code, field_name, period_code, value_numeric)
      VALUES (${budgetVersionId}, ${module}, ${field}, ${period ?? null}, ${value})
      ON CONFLICT ON CONSTRAINT uq_planning_cell DO UPDATE SET value_numeric = excluded.value_numeric`.catch(
      () => undefined,
    )
  }

  async #fail(fault: Fault): Promise<void> {
    const { realtime } = this.#stack
    switch (fault.kind) {
      case 'drop': {
        realtime.faults({ drop: 0.5, seed: fault.seed })
        return
      }
      case 'duplicate': {
        realtime.faults({ duplicate: 0.5, seed: fault.seed })
        return
      }
      case 'reorder': {
        realtime.faults({ reorder: 0.5, seed: fault.seed })
        return
      }
      case 'delay': {
        realtime.faults({ delay: { probability: 0.5, milliseconds: 30 }, seed: fault.seed })
        return
      }
      case 'premature': {
        realtime.prematureSubscribed(30)
        return
      }
      case 'oversize': {
        realtime.oversize(400)
        return
      }
      case 'rate': {
        realtime.rateLimit({ perSecond: 2, window: 1, excess: fault.excess })
        return
      }
      case 'pause': {
        await realtime.pause()
        return
      }
      case 'resume': {
        await realtime.resume()
        return
      }
      case 'kill': {
        realtime.kill()
        return
      }
      case 'restart': {
        await realtime.restart()
        return
      }
      case 'expire': {
        realtime.expireTokens()
        return
      }
      case 'whole': {
        await this.#heal()
        return
      }
    }
  }

  async #heal(): Promise<void> {
    const { realtime } = this.#stack
    realtime.faults({})
    realtime.prematureSubscribed(0)
    realtime.oversize(undefined)
    realtime.rateLimit(undefined)
    await realtime.resume()
  }

  /** Lets clocks go on, where nothing else is left to happen, until everybody is live at the newest revision. */
  async #rest(budgetVersionId: string, clients: readonly LiveClient[]): Promise<void> {
    for (let jumps = 0; jumps < mostJumps; jumps += 1) {
      await settled()
      const revision = await this.#revision(budgetVersionId)
      const restless = clients.filter((client) => !client.isAtRest(revision))
      if (restless.length === 0) return
      const idle = restless.filter((client) => !client.isBusy)
      if (idle.length === 0) await Promise.race(restless.map((client) => client.moved()))
      await Promise.all(idle.map((client) => client.jump()))
    }
    const states = clients.map((client) => client.describe())
    throw new Error(`Clients do not come to rest:\n${states.join('\n')}`)
  }

  async #revision(budgetVersionId: string): Promise<number> {
    const [row] = await this.#stack.sql<{ revision: string }[]>`
      SELECT revision FROM efir_budget.budget_revisions WHERE budget_version_id = ${budgetVersionId}`
    return Number(row?.revision ?? 0)
  }

  async #compareWithFreshRead(budgetVersionId: string, clients: readonly LiveClient[]): Promise<string[]> {
    const fresh: Cell[] = []
    for await (const cell of createCells(this.#keeper.supabase).budget(budgetVersionId).list()) {
      fresh.push(cell)
    }
    return clients.flatMap((client) => {
      const { name, sheet } = client
      const expected = fresh
        .filter((cell) => client.has(cell))
        .map(inWords)
        .toSorted()
        .join(', ')
      const shown = sheet
        .range()
        .getSnapshot()
        .map(({ base }) => inWords(base))
      const found = shown.toSorted().join(', ')
      return found === expected ? [] : [`${name} shows\n  ${found}\ninstead of\n  ${expected}`]
    })
  }
}

/** Until nothing is under way on real time. */
async function quiet(clients: readonly LiveClient[]): Promise<void> {
  for (;;) {
    await settled()
    const busy = clients.filter((client) => client.isBusy)
    if (busy.length === 0) return
    await Promise.race(busy.map((client) => client.moved()))
  }
}

/** Whoever is seen is seen by everybody who hears, at the cell to which he went last. Returns who is not. */
async function meet(clients: readonly LiveClient[]): Promise<string[]> {
  for (let jumps = 0; ; jumps += 1) {
    await settled()
    const problems = clients.flatMap((client) => client.missing(clients))
    if (problems.length === 0 || jumps === mostJumps) return problems
    await Promise.all(clients.map((client) => client.jump()))
  }
}

function inWords(cell: Cell): string {
  const lock = cell.isLocked ? ' locked' : ''
  return `${cellKey(cell)} = ${cell.kind} ${cell.value} (${cell.version}${lock})`
}

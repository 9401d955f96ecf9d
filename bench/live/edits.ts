import { randomUUID } from 'node:crypto'
import { createClient, type SupabaseClient } from '@supabase/supabase-js'
import { createCells, type Sheet } from '../../src/index.ts'
import type { SupabaseCoordinates, Tenants, TestUser } from '../../src/local/index.ts'
import { seeded } from '../data/random.ts'
import { percentile } from '../measure.ts'

export interface EditPlan {
  readonly users: number
  readonly seconds: number
  /** Cells of each user's own, so that nobody conflicts. */
  readonly cellsPerUser: number
  /** One in so many writes is a batch of a hundred cells. */
  readonly batchEvery: number
}

export interface EditResult {
  /** Milliseconds from the write call to one other user's listener, that was told all of it: a sample a call. */
  readonly edits: readonly Sample[]
  /** Of them, the calls that wrote a batch. */
  readonly batches: readonly number[]
  /** The same from a call of a function that does nothing but `realtime.send`, to one other user's listener. */
  readonly sends: readonly number[]
  /** How often each of the database's functions was called by the sheets. */
  readonly calls: ReadonlyMap<string, number>
  /** CPU seconds of all the clients together. */
  readonly clientCpu: number
  /** Milliseconds of the write call itself, up to its reply. */
  readonly replies: readonly number[]
  readonly written: number
  /** Cells of others' writes that a listener was never told. */
  readonly missed: number
  /** Cells of others' writes that a listener was told twice, and changes that are twice on record. */
  readonly doubled: number
  /** Writes that were refused, for any reason. */
  readonly refused: number
  /** Sheets that do not show at the end what a fresh read gives. */
  readonly different: number
}

/** What was measured, and when it began, in milliseconds since everybody was there. */
interface Sample {
  readonly at: number
  readonly took: number
}

const batchSize = 100
/** The first seconds warm up what runs everywhere, and are not counted. */
const warmUp = 0.1
/** One in so many ticks is a bare send as well, so that both meet the same moments. */
const sendEvery = 5

interface Editor {
  readonly supabase: SupabaseClient
  readonly sheet: Sheet
  readonly entity: string
  /** How often each value of others was told. */
  readonly told: Map<number, number>
}

/** Signed-in users on one budget, each about one write a second, and everybody listens to everything. */
export async function measureEdits(
  coordinates: SupabaseCoordinates,
  tenants: Tenants,
  plan: EditPlan,
  progress: (message: string) => void,
): Promise<EditResult> {
  const organization = await tenants.createOrganization()
  const budget = await tenants.createBudget({ organization })
  const random = seeded(7)
  await createBareSend(tenants)

  /** By value, which are all different: who wrote it, and by which call. */
  const authors: number[] = []
  const callsOfValues: number[] = []
  /** Of each call: when it began, and how many of its cells its witness has not been told yet. */
  const begun: number[] = []
  const untold: number[] = []
  const edits: Sample[] = []
  const batches: number[] = []
  const sends: number[] = []
  const replies: number[] = []
  const batchCalls = new Set<number>()
  const calls = new Map<string, number>()
  let startedAt = Infinity
  const counts = (at: number): boolean => at > startedAt + plan.seconds * 1_000 * warmUp
  let refused = 0

  const editors: Editor[] = []
  const sentAt = new Map<string, number>()
  const topic = `bare:${budget.id}`
  for (let place = 0; place < plan.users; place += 1) {
    const supabase = signedIn(coordinates, await tenants.createUser({ organization }), calls)
    const sheet = await createCells(supabase).budget(budget.id).open()
    const told = new Map<number, number>()
    sheet.subscribeRange({}, (cells) => {
      const now = performance.now()
      for (const { value, isPending, base } of cells) {
        if (isPending || !base.exists || value === null) continue
        const write = Number(value)
        const author = authors[write] ?? 0
        if (author === place) continue
        told.set(write, (told.get(write) ?? 0) + 1)
        // One listener of each call is looked at: every user's in turn.
        const call = callsOfValues[write] ?? 0
        if ((author + 1 + (call % (plan.users - 1))) % plan.users !== place) continue
        untold[call] = (untold[call] ?? 0) - 1
        const began = begun[call] ?? now
        if (untold[call] !== 0 || !counts(began)) continue
        edits.push({ at: began - startedAt, took: now - began })
        if (batchCalls.has(call)) batches.push(now - began)
      }
    })
    await supabase.realtime.setAuth()
    await joined(supabase, topic, (id, from) => {
      const began = sentAt.get(id)
      if (began === undefined || (from + 1) % plan.users !== place) return
      if (counts(began)) sends.push(performance.now() - began)
    })
    editors.push({ supabase, sheet, entity: randomUUID(), told })
  }
  await Promise.all(editors.map(({ sheet }) => sheet.ready()))

  progress(`${plan.users} users for ${plan.seconds} s`)
  calls.clear()
  const cpu = process.cpuUsage()
  startedAt = performance.now()
  const running: Promise<unknown>[] = []
  const write = (place: number, tick: number): void => {
    const { sheet, entity, supabase } = editors[place]!
    const count = (tick + place) % plan.batchEvery === 0 ? batchSize : 1
    const first = authors.length
    const now = performance.now()
    const call = begun.push(now) - 1
    untold.push(count)
    if (count > 1) batchCalls.add(call)
    const changes = Array.from({ length: count }, (_, index) => {
      authors.push(place)
      callsOfValues.push(call)
      const cell = {
        module: 'bench',
        entity,
        field: 'edit',
        period: String((first + index) % plan.cellsPerUser),
      }
      return { cell, value: first + index }
    })
    const reply = sheet.setMany(changes).result.then(
      () => count === 1 && counts(now) && replies.push(performance.now() - now),
      () => (refused += 1),
    )
    running.push(reply)
    if ((tick + place) % sendEvery !== 0) return
    const id = randomUUID()
    sentAt.set(id, performance.now())
    const payload = { id, from: place, filler: 'x'.repeat(350) }
    running.push(Promise.resolve(supabase.rpc('bench_bare_send', { p_topic: topic, p_payload: payload })))
  }
  await Promise.all(
    editors.map(async (_, place) => {
      await pause(random.below(1_000))
      for (let tick = 0; tick < plan.seconds; tick += 1) {
        write(place, tick)
        await pause(800 + random.below(400))
      }
    }),
  )
  await Promise.all(running)
  await Promise.all(editors.map(({ sheet }) => sheet.ready()))

  const { user, system } = process.cpuUsage(cpu)
  const rates = { calls: new Map(calls), clientCpu: (user + system) / 1e6 }

  progress('looking for what was missed')
  const result = await compare(tenants, budget.id, editors, authors, plan)
  await Promise.all(editors.map(({ sheet }) => sheet.close()))
  await Promise.all(editors.map(({ supabase }) => supabase.removeAllChannels()))
  return { edits, batches, sends, replies, ...rates, written: authors.length, refused, ...result }
}

/** As an application is: with one token for as long as it holds, and not a new one for each request. */
function signedIn(
  { url, anonKey }: SupabaseCoordinates,
  { accessToken }: TestUser,
  calls: Map<string, number>,
): SupabaseClient {
  return createClient(url, anonKey, {
    accessToken: () => Promise.resolve(accessToken),
    global: {
      fetch: (input, init) => {
        const { pathname } = new URL(input instanceof Request ? input.url : input)
        const name = pathname.split('/').at(-1) ?? ''
        calls.set(name, (calls.get(name) ?? 0) + 1)
        return fetch(input, init)
      },
    },
  }) as SupabaseClient
}

async function compare(
  tenants: Tenants,
  budgetVersionId: string,
  editors: readonly Editor[],
  authors: readonly number[],
  plan: EditPlan,
): Promise<Pick<EditResult, 'missed' | 'doubled' | 'different'>> {
  const [first] = editors
  const fresh: string[] = []
  const budget = createCells(first!.supabase).budget(budgetVersionId)
  for await (const { entity, period, value, version } of budget.list({}, { pageSize: 10_000 })) {
    fresh.push(`${entity} ${period} ${value} ${version}`)
  }
  const expected = fresh.toSorted().join()
  const shown = ({ sheet }: Editor): string =>
    sheet
      .range()
      .getSnapshot()
      .map(({ entity, period, base }) => `${entity} ${period} ${base.value} ${base.version}`)
      .toSorted()
      .join()
  // The last that is broadcast may be a moment behind the last reply.
  const deadline = performance.now() + 5_000
  while (editors.some((editor) => shown(editor) !== expected) && performance.now() < deadline)
    await pause(100)

  let [missed, doubled] = [0, 0]
  for (const [place, { told }] of editors.entries()) {
    for (const [write, author] of authors.entries()) {
      if (author !== place && !told.has(write)) missed += 1
    }
    for (const times of told.values()) doubled += times - 1
  }
  const [row] = await tenants.sql<{ changes: number }[]>`
    SELECT count(*)::integer AS changes FROM efir_budget.cell_changes WHERE budget_version_id = ${budgetVersionId}`
  doubled += Math.max(0, (row?.changes ?? 0) - authors.length)
  if (plan.users < 2) throw new Error('Nobody else listens.')
  return { missed, doubled, different: editors.filter((editor) => shown(editor) !== expected).length }
}

/** The road of a write, with nothing at its end but the send. */
async function createBareSend({ sql }: Tenants): Promise<void> {
  await sql.unsafe(`
    CREATE OR REPLACE FUNCTION public.bench_bare_send(p_topic text, p_payload jsonb) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = ''
    AS $$ SELECT realtime.send(p_payload, 'sent', p_topic, FALSE) $$`)
}

async function joined(
  supabase: SupabaseClient,
  topic: string,
  onSent: (id: string, from: number) => void,
): Promise<void> {
  const channel = supabase.channel(topic)
  channel.on('broadcast', { event: 'sent' }, ({ payload }) => {
    const { id, from } = payload as { readonly id: string; readonly from: number }
    onSent(id, from)
  })
  await new Promise<void>((resolve, reject) => {
    channel.subscribe((status, error) => {
      const said: string = status
      if (said === 'SUBSCRIBED') resolve()
      else reject(error ?? new Error(said))
    })
  })
}

const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds))

/** The same call over the gateway and straight to the database, in turn: how much of a write is the gateway's. */
export async function measureRoad(tenants: Tenants, rounds: number) {
  const organization = await tenants.createOrganization()
  const user = await tenants.createUser({ organization })
  const budget = await tenants.createBudget({ organization })
  const supabase = tenants.signIn(user)
  const claims = JSON.stringify({ sub: user.id, role: 'authenticated' })
  const [gateway, database]: number[][] = [[], []]
  for (let round = 0; round < rounds; round += 1) {
    const item = (field: string) => [
      { module: 'bench', field, number: String(round + 1), base: round, entity: null, period: null },
    ]
    let began = performance.now()
    const { error } = await supabase
      .schema('efir_budget')
      .rpc('write_cells', { p_budget_version_id: budget.id, p_items: item('gateway') })
    gateway!.push(performance.now() - began)
    if (error !== null) throw new Error(error.message)
    began = performance.now()
    await tenants.sql.begin(async (sql) => {
      await sql`SELECT set_config('role', 'authenticated', true), set_config('request.jwt.claims', ${claims}, true)`
      await sql`SELECT efir_budget.write_cells(
        p_budget_version_id => ${budget.id}, p_items => ${item('database') as never}::jsonb)`
    })
    database!.push(performance.now() - began)
  }
  return { gateway: percentile(gateway!, 0.5), database: percentile(database!, 0.5) }
}

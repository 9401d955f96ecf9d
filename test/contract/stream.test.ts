import { createClient } from '@supabase/supabase-js'
import postgres from 'postgres'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createCells, type Budget, type Sheet } from '@efir/cells'
import { broadcastStream } from '../../src/transport/broadcast-stream.ts'
import { rowStream } from '../../src/transport/row-stream.ts'
import type { ChannelEvent, LiveStream, OpenChannel, StreamKind } from '../../src/transport/stream.ts'
import type { AnySupabaseClient } from '../../src/transport/supabase.ts'
import { until } from '../sheet/support/live.ts'
import { useStack } from '../support/stack.ts'

const stack = await useStack()

let asAlice: AnySupabaseClient
let asBob: AnySupabaseClient
let asMallory: AnySupabaseClient
let bob: Budget
let budgetVersionId: string
const streams: LiveStream[] = []

beforeAll(async () => {
  const ours = await stack.createOrganization()
  const theirs = await stack.createOrganization()
  const [alice, bobby, mallory] = await Promise.all([
    stack.createUser({ organization: ours }),
    stack.createUser({ organization: ours }),
    stack.createUser({ organization: theirs }),
  ])
  asAlice = stack.signIn(alice)
  asBob = stack.signIn(bobby)
  asMallory = stack.signIn(mallory)
  budgetVersionId = (await stack.createBudget({ organization: ours })).id
  bob = createCells(asBob).budget(budgetVersionId)
})

afterEach(() => streams.splice(0).forEach((stream) => stream.leave()))

let next = 0
const freshCell = () => ({ module: 'stream', field: `field_${next++}` })

/** A stream with what it told, and a way to wait for more. */
function listen(open: OpenChannel) {
  const told: ChannelEvent[] = []
  let look = (): void => undefined
  const stream = open(budgetVersionId, (event) => {
    told.push(event)
    look()
  })
  streams.push(stream)
  const heard = (isWanted: (event: ChannelEvent) => boolean) =>
    new Promise<ChannelEvent>((resolve) => {
      look = () => {
        const event = told.find(isWanted)
        if (event !== undefined) resolve(event)
      }
      look()
    })
  return { told, stream, heard, joined: () => heard(({ type }) => type === 'joined') }
}

const adapters: readonly (readonly [Exclude<StreamKind, 'none'>, (as: AnySupabaseClient) => OpenChannel])[] =
  [
    ['broadcast', broadcastStream],
    ['postgres_changes', (as) => rowStream(as, 'efir_budget')],
  ]

describe.each(adapters)('the stream by %s', (kind, adapter) => {
  it('tells that it is joined, and then of every commit', async () => {
    const { heard, joined } = listen(adapter(asAlice))
    await joined()
    await bob.write(await bob.read(freshCell()), '1')
    await heard(({ type }) => type === 'feed' || type === 'hint')
  })

  it('serves two listeners of one client, and each may leave by himself', async () => {
    const one = listen(adapter(asAlice))
    const other = listen(adapter(asAlice))
    await Promise.all([one.joined(), other.joined()])
    one.stream.leave()
    const before = one.told.length
    await bob.write(await bob.read(freshCell()), '1')
    await other.heard(({ type }) => type === 'feed' || type === 'hint')
    expect(one.told).toHaveLength(before)
  })

  it('can be joined again as soon as it was left', async () => {
    const first = listen(adapter(asAlice))
    await first.joined()
    first.stream.leave()
    const second = listen(adapter(asAlice))
    await second.joined()
    await bob.write(await bob.read(freshCell()), '1')
    await second.heard(({ type }) => type === 'feed' || type === 'hint')
    expect(first.told.map(({ type }) => type)).not.toContain('lost')
  })

  it('tells nothing of a budget to who may not see it', async () => {
    const { told, heard, joined } = listen(adapter(asMallory))
    const ours = listen(adapter(asAlice))
    await ours.joined()
    // A private channel refuses her; rows are told to nobody who may not read them.
    if (kind === 'broadcast') await heard(({ type }) => type === 'lost')
    else await joined()
    await bob.write(await bob.read(freshCell()), '1')
    await ours.heard(({ type }) => type === 'feed' || type === 'hint')
    expect(told.filter(({ type }) => type === 'feed' || type === 'hint')).toEqual([])
  })

  it('that cannot be reached is lost, and throws nothing', async () => {
    const nowhere = createClient('http://127.0.0.1:1', 'anon', { realtime: { timeout: 200 } })
    const { heard } = listen(adapter(nowhere))
    expect(await heard(({ type }) => type === 'lost')).toMatchObject({ type: 'lost' })
  })

  it('keeps a sheet of one user with what another writes', async () => {
    const cell = freshCell()
    const open: Sheet[] = []
    try {
      for (const as of [asAlice, asBob]) {
        open.push(await createCells(as, { stream: kind }).budget(budgetVersionId).open({ module: 'stream' }))
      }
      const [alices, bobs] = open as [Sheet, Sheet]
      await Promise.all([alices.ready(), bobs.ready()])
      expect(alices.status.getSnapshot().state).toBe('live')
      for (const value of ['1', '2', '3']) {
        bobs.set(cell, value)
        await until(alices.cell(cell), (seen) => seen.value === value)
        alices.set(cell, `${value}.5`)
        await until(bobs.cell(cell), (seen) => seen.value === `${value}.5`)
      }
    } finally {
      await Promise.all(open.map((sheet) => sheet.close()))
    }
  })
})

describe('the stream by broadcast', () => {
  it('carries the commit as changes_since tells it', async () => {
    const { heard, joined } = listen(broadcastStream(asAlice))
    await joined()
    const written = await bob.write(await bob.read(freshCell()), '4.25')
    const event = await heard(
      (told) => told.type === 'feed' && told.page.commits.some(({ cells }) => cells.length > 0),
    )
    expect(event).toMatchObject({ page: { commits: [{ cells: [written] }] } })
  })

  it('takes a frame that cannot be read for garbage, and the news of a deletion for a hint', async () => {
    const { heard, joined, told } = listen(broadcastStream(asAlice))
    await joined()
    const sql = postgres(stack.databaseUrl)
    try {
      const send = (event: string, payload: object) =>
        sql`SELECT realtime.send(${sql.json(payload as never)}, ${event}, ${`cells:${budgetVersionId}`}, TRUE)`
      await send('commit', { revision: 'many', commits: [[null]] })
      await heard(({ type }) => type === 'garbage')
      await send('deleted', { deleted: true })
      await heard(({ type }) => type === 'hint')
      expect(told.map(({ type }) => type)).not.toContain('lost')
    } finally {
      await sql.end()
    }
  })
})

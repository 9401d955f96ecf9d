import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { beforeAll, describe, expect, it } from 'vitest'
import { createCells, LeaseLostError, type Budget, type Lease } from '@efir/cells'
import type { TestUser } from '@efir/cells/local'
import { Budget as BudgetOn } from '../../src/budget.ts'
import { openTransport } from '../../src/transport/open.ts'
import { defaultPolicy } from '../../src/transport/retry-policy.ts'
import { supabaseServer } from '../../src/transport/supabase.ts'
import { HeldClock } from '../leases/support/held-clock.ts'
import { useStack } from '../support/stack.ts'

const stack = await useStack()

let organization: { readonly id: string }
let users: Record<'alice' | 'bob' | 'carol' | 'mallory', TestUser>
let budgetVersionId: string
let alice: Budget
let bob: Budget
let carol: Budget

beforeAll(async () => {
  organization = await stack.createOrganization()
  const [one, two, three, four] = await Promise.all([
    stack.createUser({ organization }),
    stack.createUser({ organization }),
    stack.createUser({ organization }),
    stack.createUser({ organization: await stack.createOrganization() }),
  ])
  users = { alice: one, bob: two, carol: three, mallory: four }
  budgetVersionId = (await stack.createBudget({ organization })).id
  alice = budgetOf(users.alice)
  bob = budgetOf(users.bob)
  carol = budgetOf(users.carol)
})

const budgetOf = (user: TestUser): Budget => createCells(stack.signIn(user)).budget(budgetVersionId)

/** A real client in a time of its own: it renews nothing until the test lets time pass. */
function timeless(user: TestUser) {
  const clock = new HeldClock()
  const ends: (() => void)[] = []
  const onRequest = () => () => ends.shift()?.()
  const server = supabaseServer(stack.signIn(user), 'efir_budget')
  const transport = openTransport(server, defaultPolicy, { emit: () => undefined, onRequest }, clock)
  /** Until the next request has ended. */
  const answered = () => new Promise<void>((resolve) => ends.push(resolve))
  return { clock, answered, budget: new BudgetOn(budgetVersionId, transport) }
}

let next = 0
const freshAddress = () => ({ module: 'leases', entity: null, field: `field_${next++}`, period: '2025-09' })
const caught = (work: Promise<unknown>): Promise<unknown> => work.catch((error: unknown) => error)
const holdersOf = async (field: string) =>
  (await alice.leases.list()).filter(({ address }) => address.field === field)
const lostReason = async (lease: Lease): Promise<LeaseLostError> => {
  if (!lease.signal.aborted) await once(lease.signal, 'abort')
  return lease.signal.reason as LeaseLostError
}

describe('a lease', () => {
  it('shows to everybody in the organisation, the token to its holder alone, and is gone once released', async () => {
    const address = freshAddress()
    const lease = await alice.leases.acquire(address, { ttl: 60_000 })
    expect(lease).toMatchObject({ address, held: true })
    const shown = { address, heldBy: users.alice.id, token: lease.token, expiresAt: lease.expiresAt }
    expect(await holdersOf(address.field)).toMatchObject([shown])
    const forBob = (await bob.leases.list()).filter(({ address: { field } }) => field === address.field)
    expect(forBob).toMatchObject([{ ...shown, token: null }])
    expect(await bob.leases.acquire(address, { ifAvailable: true })).toBeNull()
    expect(await lease.release()).toBe(true)
    expect(await holdersOf(address.field)).toEqual([])
    await using taken = await bob.leases.acquire(address, { ifAvailable: true })
    expect(taken?.token).toBeGreaterThan(lease.token)
  })

  it('is given back at the end of the block that uses it, even if that fails', async () => {
    const address = freshAddress()
    const work = async () => {
      await using lease = await alice.leases.acquire(address)
      throw new Error(String(lease.held))
    }
    expect(await caught(work())).toMatchObject({ message: 'true' })
    expect(await holdersOf(address.field)).toEqual([])
  })

  it('is renewed in the database at a third of its time', async () => {
    const { budget, clock, answered } = timeless(users.alice)
    const address = freshAddress()
    const lease = await budget.leases.acquire(address, { ttl: 9_000 })
    const before = lease.expiresAt
    const renewal = answered()
    await clock.pass(3_000)
    await renewal
    await clock.pass(0)
    expect(Date.parse(lease.expiresAt)).toBeGreaterThan(Date.parse(before))
    expect(await holdersOf(address.field)).toMatchObject([{ expiresAt: lease.expiresAt, token: lease.token }])
    await lease.release()
  })

  it('passes on when its time is over by the database’s clock; who held it is refused, and told by whom it is held now', async () => {
    const { budget, clock, answered } = timeless(users.alice)
    const cell = await budget.read(freshAddress())
    const lease = await budget.leases.acquire(cell, { ttl: 1_000 })
    const written = await budget.write(cell, '1', { lease })
    // She does not renew, for no time passes for her.
    await using his = await bob.leases.acquire(cell)
    const error = await caught(budget.write(written, '2', { lease }))
    expect(error).toBeInstanceOf(LeaseLostError)
    expect(error).toMatchObject({
      code: 'lease_lost',
      retryable: false,
      cell: written,
      heldBy: users.bob.id,
      heldUntil: expect.any(String) as string,
      refused: [{ status: 'lease_lost', index: 0, cell: written, heldBy: users.bob.id }],
    })
    expect((error as Error).message).toContain(users.bob.id)
    expect(await bob.write(written, '3', { lease: his })).toMatchObject({ value: '3' })
    expect(lease.held).toBe(true)
    const renewal = answered()
    await clock.pass(400)
    await renewal
    // Nobody stole it: it had expired.
    expect(await lostReason(lease)).toMatchObject({ code: 'lease_lost', heldBy: null })
  })

  it('that is stolen is lost, its holder told by whom, and it is on record', async () => {
    const { budget, clock } = timeless(users.alice)
    const address = freshAddress()
    const lease = await budget.leases.acquire(address)
    await using stolen = await bob.leases.acquire(address, { steal: true })
    expect(stolen.token).toBeGreaterThan(lease.token)
    await clock.pass(10_000)
    expect(await lostReason(lease)).toMatchObject({ code: 'lease_lost', heldBy: users.bob.id })
    expect(lease.held).toBe(false)
    expect(await lease.release()).toBe(false)
    const { data } = await stack
      .signIn(users.carol)
      .schema('efir_budget')
      .from('cell_lease_steals')
      .select('token, stolen_from, stolen_by')
      .eq('lost_token', lease.token)
    expect(data).toEqual([{ token: stolen.token, stolen_from: users.alice.id, stolen_by: users.bob.id }])
  })

  it('is lost when its holder is removed from the organisation', async () => {
    const user = await stack.createUser({ organization })
    const { budget, clock } = timeless(user)
    const lease = await budget.leases.acquire(freshAddress())
    await stack.sql`DELETE FROM efir_budget.user_profiles WHERE user_id = ${user.id}`
    await clock.pass(10_000)
    expect(await lostReason(lease)).toMatchObject({ code: 'lease_lost', cause: { code: 'not_found' } })
  })

  it('goes to those who wait for it one after the other', { timeout: 60_000 }, async () => {
    const address = freshAddress()
    const first = await alice.leases.acquire(address)
    const order: string[] = []
    let inside = 0
    const work = async (name: string, budget: Budget) => {
      await using lease = await budget.leases.acquire(address)
      expect(++inside).toBe(1)
      order.push(name)
      expect(await holdersOf(address.field)).toHaveLength(1)
      await budget.write(address, name.length, { ifVersion: 'any', lease })
      inside--
    }
    const waiting = [work('bob', bob), work('carol', carol)]
    expect(order).toEqual([])
    await first.release()
    await Promise.all(waiting)
    expect(order.toSorted()).toEqual(['bob', 'carol'])
    expect(await holdersOf(address.field)).toEqual([])
  })

  it('is not waited for any longer than the signal lets', async () => {
    const address = freshAddress()
    await using lease = await alice.leases.acquire(address)
    const controller = new AbortController()
    const waiting = caught(bob.leases.acquire(address, { signal: controller.signal }))
    const reason = new Error('The user has left the field.')
    controller.abort(reason)
    expect(await waiting).toBe(reason)
    expect(await caught(bob.leases.acquire(address, { timeout: 50 }))).toMatchObject({ code: 'timeout' })
    expect(lease.held).toBe(true)
  })

  it('does not keep a program running that has nothing else to do', async () => {
    const program = `
      import { createClient } from '@supabase/supabase-js'
      import { createCells } from '@efir/cells'
      const [url, key, token, budget] = process.argv.slice(-4)
      const supabase = createClient(url, key, { accessToken: async () => token })
      const lease = await createCells(supabase).budget(budget).leases.acquire({ module: 'leases', field: 'program' })
      console.log(lease.held)`
    const loader = new URL('../../scripts/from-source.mjs', import.meta.url).href
    const parameters = [stack.url, stack.anonKey, users.carol.accessToken, budgetVersionId]
    const child = spawn(
      process.execPath,
      ['--import', loader, '--input-type=module', '--eval', program, '--', ...parameters],
      { stdio: ['ignore', 'pipe', 'inherit'], cwd: new URL('../..', import.meta.url) },
    )
    const [output] = (await once(child.stdout, 'data')) as [Buffer]
    expect(output.toString()).toBe('true\n')
    const [code] = (await once(child, 'exit')) as [number]
    expect(code).toBe(0)
    // It ended by itself and gave nothing back: the lease is still to lapse.
    expect(await holdersOf('program')).toMatchObject([{ heldBy: users.carol.id }])
  })
})

describe('writing under a lease', () => {
  it('lands while it is held, and as a whole not at all once it is not', async () => {
    const [one, two] = await alice.readMany([freshAddress(), freshAddress()])
    const lease = await alice.leases.acquire(one!)
    const first = await alice.write(one!, '1', { lease })
    await lease.release()
    const changes = [
      { cell: first, value: '2', lease },
      { cell: two!, value: '2' },
    ]
    const error = await caught(alice.writeMany(changes))
    expect(error).toBeInstanceOf(LeaseLostError)
    expect(error).toMatchObject({
      cell: first,
      heldBy: null,
      heldUntil: null,
      refused: [{ status: 'lease_lost', index: 0 }],
    })
    expect((error as Error).message).toContain('1 of 2 changes were refused')
    expect(await alice.read(two!)).toMatchObject({ exists: false })
    const { outcomes } = await alice.writeMany(changes, { mode: 'partial' })
    expect(outcomes).toMatchObject([
      { status: 'lease_lost', index: 0, cell: first, heldBy: null, heldUntil: null },
      { status: 'written', index: 1 },
    ])
  })

  it('does not land by somebody else’s token, nor by that of another cell', async () => {
    const [one, two] = await alice.readMany([freshAddress(), freshAddress()])
    await using lease = await alice.leases.acquire(one!)
    const { token } = lease
    await expect(bob.write(one!, '1', { lease: { token } })).rejects.toMatchObject({
      code: 'lease_lost',
      cell: null,
      heldBy: users.alice.id,
    })
    await expect(alice.write(two!, '1', { lease })).rejects.toMatchObject({ code: 'lease_lost' })
    await expect(alice.delete(one!, { lease: { token: token + 1_000_000 } })).rejects.toMatchObject({
      code: 'lease_lost',
    })
    expect(await alice.write(one!, '1', { lease })).toMatchObject({ value: '1', version: 1 })
  })

  it('is refused before anything is sent where the lease is none', async () => {
    const cell = await alice.read(freshAddress())
    for (const lease of [null, {}, { token: '7' }, 'lease', { token: 1.5 }]) {
      await expect(alice.write(cell, '1', { lease: lease as never })).rejects.toMatchObject({
        code: 'invalid',
        field: 'change.lease',
      })
    }
  })

  it('is CellLockedError where another cell is locked, and a locked cell cannot be leased', async () => {
    const [one, two] = await alice.readMany([freshAddress(), freshAddress()])
    const cell = await alice.write(one!, '1')
    await alice.locks.lock({ cells: [cell] }, { reason: 'Approved' })
    const lease = { token: 0 }
    const changes = [
      { cell: two!, value: '2', lease },
      { cell, value: '2' },
    ]
    await expect(alice.writeMany(changes)).rejects.toMatchObject({
      code: 'locked',
      refused: [
        { status: 'lease_lost', index: 0, cell: null },
        { status: 'locked', index: 1 },
      ],
    })
    await expect(alice.leases.acquire(cell)).rejects.toMatchObject({
      code: 'locked',
      cell: { lockReason: 'Approved' },
    })
  })
})

describe('others', () => {
  it('of another organisation find nothing, and may not', async () => {
    const address = freshAddress()
    await using lease = await alice.leases.acquire(address)
    const mallory = budgetOf(users.mallory)
    await expect(mallory.leases.list()).rejects.toMatchObject({ code: 'not_found' })
    for (const options of [{}, { ifAvailable: true }, { steal: true }]) {
      await expect(mallory.leases.acquire(address, options)).rejects.toMatchObject({ code: 'not_found' })
    }
    expect(await lease.release()).toBe(true)
  })

  it('who have not signed in are told so; a program holds no lease', async () => {
    const anon = createCells(stack.anonClient()).budget(budgetVersionId)
    await expect(anon.leases.list()).rejects.toMatchObject({ code: 'unauthorized' })
    await expect(anon.leases.acquire(freshAddress())).rejects.toMatchObject({ code: 'unauthorized' })
    const service = createCells(stack.serviceClient()).budget(budgetVersionId)
    await expect(service.leases.acquire(freshAddress())).rejects.toMatchObject({ code: 'forbidden' })
  })
})

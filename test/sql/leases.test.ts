import { randomUUID } from 'node:crypto'
import type postgres from 'postgres'
import { describe, expect, it } from 'vitest'
import { call } from './support/call.ts'
import {
  cellOf,
  crowd,
  freshKey,
  freshTenants,
  read,
  referenceTo,
  refusalOf,
  write,
} from './support/cells.ts'

const tenants = await freshTenants()
const { sql, budget, ours, theirBudget, alice, bob, asAlice, asBob, asMallory, asAnon, asService, asUser } =
  tenants

type Sql = postgres.TransactionSql | postgres.Sql
interface LeaseReply {
  readonly at: string
  readonly results: unknown[][]
}
type Listed = [key: unknown[], by: string, token: number | null, acquiredAt: string, expiresAt: string]

const acquire = (as: Sql, references: unknown, options: object = {}, to = budget) =>
  call<LeaseReply>(as, 'acquire_leases', { budget_version_id: to, references, ...options })
const renew = (as: Sql, tokens: unknown, options: object = {}, to = budget) =>
  call<LeaseReply>(as, 'renew_leases', { budget_version_id: to, tokens, ...options })
const release = (as: Sql, tokens: unknown, to = budget) =>
  call<LeaseReply>(as, 'release_leases', { budget_version_id: to, tokens })
const leases = async (as: Sql, to = budget) =>
  (await call<{ at: string; leases: Listed[] }>(as, 'list_leases', { budget_version_id: to })).leases

async function newCell() {
  const key = freshKey()
  const { results } = await asAlice((as) => write(as, budget, [{ ...key, number: '1' }]))
  return { key, reference: referenceTo(key), id: results[0]![1] as string }
}

/** A lease of the user's, and its token. */
async function leased(user: string, reference: unknown, options: object = {}) {
  const { results } = await asUser(user, (as) => acquire(as, [reference], options))
  expect(results[0]![0]).toBe('acquired')
  return results[0]![2] as number
}

/** As if the time of the token's lease had passed. */
const expire = (token: number) =>
  sql`UPDATE efir_budget.cell_leases SET expires_at = now() - interval '1 second' WHERE token = ${token}`

describe('a lease', () => {
  it('is of an existing cell, by id or key, or of one that nobody has written yet', async () => {
    const { reference, id } = await newCell()
    const other = await newCell()
    const missing = referenceTo(freshKey())
    const reply = await asAlice((as) => acquire(as, [id, other.reference, missing], { ttl_ms: 60_000 }))
    const until = new Date(Date.parse(reply.at) + 60_000)
    expect(reply.results).toEqual([
      ['acquired', id, expect.any(Number), expect.any(String)],
      ['acquired', other.id, expect.any(Number), expect.any(String)],
      ['acquired', null, expect.any(Number), expect.any(String)],
    ])
    expect(new Date(reply.results[0]![3] as string)).toEqual(until)
    const shown = await asBob((as) => leases(as))
    for (const key of [reference, other.reference, missing])
      expect(shown).toContainEqual([key, alice, null, expect.any(String), reply.results[0]![3]])
  })

  it('shows its token to its holder alone', async () => {
    const { reference, id } = await newCell()
    const token = await leased(alice, id)
    const tokenFor = async (as: typeof asAlice) =>
      (await as((own) => leases(own))).find(([key]) => JSON.stringify(key) === JSON.stringify(reference))![2]
    expect(await tokenFor(asAlice)).toBe(token)
    expect(await tokenFor(asBob)).toBeNull()
  })

  it('is refused to others while it is held, and says by whom and until when', async () => {
    const { id, reference } = await newCell()
    const { results } = await asAlice((as) => acquire(as, [id]))
    const [other] = (await asBob((as) => acquire(as, [reference]))).results
    expect(other).toEqual(['held', alice, results[0]![3]])
  })

  it('goes on under the same token where its holder asks again, and longer', async () => {
    const { id, reference } = await newCell()
    const first = await asAlice((as) => acquire(as, [id], { ttl_ms: 1000 }))
    const again = await asAlice((as) => acquire(as, [reference], { ttl_ms: 60_000 }))
    expect(again.results[0]![2]).toBe(first.results[0]![2])
    expect(Date.parse(again.results[0]![3] as string)).toBeGreaterThan(
      Date.parse(first.results[0]![3] as string),
    )
  })

  it("ends by the clock of the database: then it is anyone's, under a greater token", async () => {
    const { id, reference } = await newCell()
    const first = await leased(alice, id, { ttl_ms: 1000 })
    await expect
      .poll(async () => (await asBob((as) => acquire(as, [id]))).results[0]![0], {
        timeout: 10_000,
        interval: 50,
      })
      .toBe('acquired')
    expect(await asAlice((as) => renew(as, [first]))).toMatchObject({ results: [['lost', null]] })
    const [, by] = (await asAlice((as) => leases(as))).find(([key]) => String(key) === String(reference))!
    expect(by).toBe(bob)
    const [{ token }] = await sql<[{ token: string }]>`
      SELECT token FROM efir_budget.cell_leases WHERE cell_key = ${JSON.stringify(reference)}::text::jsonb`
    expect(Number(token)).toBeGreaterThan(first)
  })

  it('once expired is not renewed, even though nobody has taken it', async () => {
    const { id } = await newCell()
    const token = await leased(alice, id)
    await expire(token)
    expect((await asAlice((as) => renew(as, [token]))).results).toEqual([['lost', null]])
    expect((await asAlice((as) => release(as, [token]))).results).toEqual([['lost', null]])
    expect(await leased(alice, id)).toBeGreaterThan(token)
  })

  it('is renewed and released by token, by its holder alone', async () => {
    const { id } = await newCell()
    const token = await leased(alice, id, { ttl_ms: 1000 })
    expect((await asBob((as) => renew(as, [token]))).results).toEqual([['lost', null]])
    expect((await asBob((as) => release(as, [token]))).results).toEqual([['lost', null]])
    const { at, results } = await asAlice((as) => renew(as, [token], { ttl_ms: 600_000 }))
    expect(results).toEqual([['renewed', token, expect.any(String)]])
    expect(Date.parse(results[0]![2] as string) - Date.parse(at)).toBe(600_000)
    expect((await asAlice((as) => release(as, [token, token + 1_000_000]))).results).toEqual([
      ['released'],
      ['lost', null],
    ])
    expect((await asBob((as) => acquire(as, [id]))).results[0]![0]).toBe('acquired')
  })

  it('can be stolen, on record, and the one it was stolen from is told by whom', async () => {
    const { id, reference } = await newCell()
    const lost = await leased(alice, id)
    const token = await leased(bob, id, { steal: true })
    expect(token).toBeGreaterThan(lost)
    expect((await asAlice((as) => renew(as, [lost]))).results).toEqual([['lost', bob]])
    const record = (as: Sql) => as`
      SELECT lost_token::int, token::int, cell_key, stolen_from, stolen_by FROM efir_budget.cell_lease_steals
      WHERE lost_token = ${lost}`
    expect(await asAlice(record)).toEqual([
      { lost_token: lost, token, cell_key: reference, stolen_from: alice, stolen_by: bob },
    ])
    expect(await asMallory(record)).toEqual([])
  })

  it("that has expired, or was one's own, is taken and not stolen", async () => {
    const { id } = await newCell()
    const token = await leased(alice, id)
    expect(await leased(alice, id, { steal: true })).toBe(token)
    await expire(token)
    await leased(bob, id, { steal: true })
    expect(await sql`SELECT FROM efir_budget.cell_lease_steals WHERE lost_token = ${token}`).toHaveLength(0)
  })

  it('is answered item by item, and a locked cell is not leased', async () => {
    const [one, two] = [await newCell(), await newCell()]
    await asAlice((as) => call(as, 'lock_cells', { budget_version_id: budget, references: [two.id] }))
    const { results } = await asBob((as) =>
      acquire(as, [randomUUID(), two.id, 'no id', one.id, one.reference]),
    )
    expect(results).toEqual([
      ['not_found', expect.any(String)],
      ['locked', expect.arrayContaining([two.id])],
      ['invalid', 'id', expect.any(String)],
      ['acquired', one.id, expect.any(Number), expect.any(String)],
      ['invalid', 'key', expect.any(String)],
    ])
  })

  it('of a deleted cell is one of a cell that nobody has written yet', async () => {
    const { id, reference } = await newCell()
    const token = await leased(alice, id)
    await asAlice((as) => write(as, budget, [{ id, delete: true, lease: token }]))
    expect((await asAlice((as) => acquire(as, [reference]))).results[0]).toEqual(['acquired', null, token, expect.any(String)]) // prettier-ignore
    const { results } = await asAlice((as) => write(as, budget, [{ id, number: '2', lease: token }]))
    expect(results).toEqual([['written', id, 3]])
  })

  it.each([[999], [600_001], [null], [-5]])('does not last %j ms', async (ttl_ms) => {
    const { id } = await newCell()
    const refusal = await refusalOf(asAlice((as) => acquire(as, [id], { ttl_ms })))
    expect(refusal).toMatchObject({ code: 'PT422', detail: { field: 'p_ttl_ms', given: ttl_ms } })
    expect((await refusalOf(asAlice((as) => renew(as, [1], { ttl_ms })))).code).toBe('PT422')
  })

  it.each([[[]], [['1']], [[-1]], [[1.5]], [1], [[1e30]], [[null]]])(
    'has no token like %j',
    async (tokens) => {
      const refusal = await refusalOf(asAlice((as) => renew(as, tokens)))
      expect(refusal).toMatchObject({ code: 'PT422', detail: { field: 'p_tokens' } })
      expect((await refusalOf(asAlice((as) => release(as, tokens)))).code).toBe('PT422')
    },
  )
})

describe('a write', () => {
  it('lands under the token of a lease that is held, also where it makes the cell', async () => {
    const [key, other] = [freshKey(), await newCell()]
    const { results } = await asAlice((as) => acquire(as, [referenceTo(key), other.id]))
    const [mine, second] = results.map((result) => result[2])
    const written = await asAlice((as) =>
      write(as, budget, [
        { ...key, number: '1', base: 0, lease: mine },
        { id: other.id, number: '2', base: 1, lease: String(second) },
      ]),
    )
    expect(written.results).toEqual([
      ['written', expect.any(String), 1],
      ['written', other.id, 2],
    ])
    // The cell exists now, and the lease is of it.
    const again = await asAlice((as) =>
      write(as, budget, [{ id: written.results[0]![1], number: '2', lease: mine }]),
    )
    expect(again.results[0]![0]).toBe('written')
  })

  it('is refused under a token that was stolen, with the cell and who holds it now', async () => {
    const { id } = await newCell()
    const lost = await leased(alice, id)
    await leased(bob, id, { steal: true })
    const refusal = await refusalOf(
      asAlice((as) => write(as, budget, [{ id, number: '2', base: 1, lease: lost }])),
    )
    expect(refusal.code).toBe('PT423')
    const [[n, kind, cell, holder]] = refusal.detail!.results as [
      [number, string, Parameters<typeof cellOf>[0], unknown],
    ]
    expect([n, kind, cellOf(cell).id, cellOf(cell).version]).toEqual([0, 'lease_lost', id, 1])
    expect(holder).toEqual([bob, expect.any(String)])
  })

  it("is refused under a token that has expired, was released, is another's, or is of another cell", async () => {
    const [one, two] = [await newCell(), await newCell()]
    const attempt = async (token: number, user = alice) =>
      (await asUser(user, (as) => write(as, budget, [{ id: one.id, number: '2', lease: token }], { mode: 'partial' }))).results // prettier-ignore
    const expired = await leased(alice, one.id)
    await expire(expired)
    expect(await attempt(expired)).toEqual([['lease_lost', expect.arrayContaining([one.id]), null]])
    const released = await leased(alice, one.id)
    await asAlice((as) => release(as, [released]))
    expect(await attempt(released)).toMatchObject([['lease_lost', {}, null]])
    const held = await leased(alice, one.id)
    expect(await attempt(held, bob)).toMatchObject([['lease_lost', {}, [alice, expect.any(String)]]])
    expect(await attempt(await leased(alice, two.id))).toMatchObject([
      ['lease_lost', {}, [alice, expect.any(String)]],
    ])
    expect((await asAlice((as) => read(as, budget, [one.id]))).cells[0]!.number).toBe('1')
  })

  it('of a cell that does not exist is refused with null in its place', async () => {
    const key = freshKey()
    const { results } = await asAlice((as) =>
      write(
        as,
        budget,
        [
          { ...key, number: '1', lease: 0 },
          { ...freshKey(), number: '1' },
        ],
        { mode: 'partial' },
      ),
    )
    expect(results).toEqual([
      ['lease_lost', null, null],
      ['written', expect.any(String), 1],
    ])
    expect((await asAlice((as) => read(as, budget, [referenceTo(key)]))).cells).toEqual([null])
  })

  it('without a token lands, by whomever: a crashed browser holds nobody back', async () => {
    const { id } = await newCell()
    const token = await leased(alice, id)
    expect((await asBob((as) => write(as, budget, [{ id, number: '2', base: 1 }]))).results[0]![0]).toBe(
      'written',
    )
    // The holder learns of it as of any other change: by the version.
    const refusal = await refusalOf(
      asAlice((as) => write(as, budget, [{ id, number: '3', base: 1, lease: token }])),
    )
    expect(refusal).toMatchObject({ code: 'PT409', results: [[0, 'conflict', id]] })
  })

  it.each([['x'], [-1], [1.5], [{}]])('is invalid with the lease %j', async (lease) => {
    const { results } = await asAlice((as) =>
      write(as, budget, [{ ...freshKey(), lease }], { mode: 'partial' }),
    )
    expect(results).toEqual([['invalid', 'lease', expect.any(String)]])
  })

  it('and a steal at the same time are one before the other', async () => {
    const { id } = await newCell()
    const token = await leased(alice, id)
    const others = crowd(tenants, 2)
    let stolen: Promise<unknown> | undefined
    const order: string[] = []
    await others.asUser(alice, async (as) => {
      await write(as, budget, [{ id, number: '2', lease: token }])
      stolen = others
        .asUser(bob, (own) => acquire(own, [id], { steal: true }))
        .then(() => order.push('stolen'))
      // It waits until the write is over, and does not pass it.
      await expect
        .poll(
          () =>
            sql`SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%acquire_leases%' AND datname = current_database()`,
        )
        .toHaveLength(1)
      order.push('written')
    })
    await stolen
    expect(order).toEqual(['written', 'stolen'])
  })
})

describe('many who want the same cells', () => {
  it('get each cell once, in whatever order they ask', async () => {
    const references = Array.from({ length: 20 }, () => referenceTo(freshKey()))
    const users = await Promise.all(
      Array.from({ length: 8 }, async () => (await tenants.createUser({ organization: ours })).id),
    )
    const members = crowd(tenants, 8)
    const replies = await Promise.all(
      users.map((user, n) =>
        members.asUser(user, (as) => acquire(as, n % 2 ? references : references.toReversed())),
      ),
    )
    const acquired = replies.flatMap(({ results }) => results).filter(([kind]) => kind === 'acquired')
    expect(acquired).toHaveLength(20)
    expect(new Set(acquired.map(([, , token]) => token)).size).toBe(20)
  })
})

describe('ten thousand leased cells', () => {
  it('are written, and refused, in calls that each stay within the time of a request', async () => {
    const items = Array.from({ length: 10_000 }, () => ({ ...freshKey(), number: '1' }))
    const tokens: unknown[] = []
    for (let n = 0; n < items.length; n += 1000) {
      const { results } = await asAlice((as) =>
        acquire(as, items.slice(n, n + 1000).map(referenceTo), { ttl_ms: 600_000 }),
      )
      tokens.push(...results.map((result) => result[2]))
    }
    const kinds = async (as: typeof asAlice, number: string) => {
      const own = items.map((item, n) => ({ ...item, number, lease: tokens[n] }))
      const { results } = await as((by) => write(by, budget, own, { mode: 'partial' }))
      return [...new Set(results.map(([kind]) => kind))]
    }
    expect(await kinds(asAlice, '1')).toEqual(['written'])
    expect(await kinds(asAlice, '2')).toEqual(['written'])
    expect(await kinds(asBob, '3')).toEqual(['lease_lost'])
    await sql`UPDATE efir_budget.cell_leases SET expires_at = now() - interval '1 hour' WHERE token = ANY(${tokens as number[]})`
    await sql`DELETE FROM efir_budget.cell_leases WHERE expires_at < now()`
  })
})

describe('leases past their time', () => {
  it('are swept by later calls, also while others are at it', async () => {
    const references = Array.from({ length: 300 }, () => referenceTo(freshKey()))
    await asAlice((as) => acquire(as, references))
    await sql`UPDATE efir_budget.cell_leases SET expires_at = now() - interval '1 minute' WHERE held_by = ${alice}`
    const left = () => sql`SELECT FROM efir_budget.cell_leases WHERE expires_at < now()`
    const before = (await left()).length
    await asBob((as) => acquire(as, [referenceTo(freshKey())]))
    expect((await left()).length).toBe(Math.max(0, before - 200))
    await asBob((as) => acquire(as, [referenceTo(freshKey())]))
    await asBob((as) => acquire(as, [referenceTo(freshKey())]))
    expect(await left()).toHaveLength(0)
  })
})

describe('who holds no lease', () => {
  it('is whoever leaves the organisation: his lapse at once, his writes are none', async () => {
    const carol = (await tenants.createUser({ organization: ours })).id
    const { id, reference } = await newCell()
    const token = await leased(carol, id, { ttl_ms: 600_000 })
    await sql`DELETE FROM efir_budget.user_profiles WHERE user_id = ${carol}`
    expect((await asBob((as) => leases(as))).filter(([key]) => String(key) === String(reference))).toEqual([])
    for (const attempt of [
      () => asUser(carol, (as) => renew(as, [token])),
      () => asUser(carol, (as) => leases(as)),
      () => asUser(carol, (as) => write(as, budget, [{ id, number: '2', lease: token }])),
    ])
      expect((await refusalOf(attempt())).code).toBe('PT404')
    // Taken, and not stolen: there was nobody to steal it from.
    await leased(bob, id)
    expect(await sql`SELECT FROM efir_budget.cell_lease_steals WHERE lost_token = ${token}`).toHaveLength(0)
  })

  it('is a user whose account was deleted', async () => {
    const carol = (await tenants.createUser({ organization: ours })).id
    const { id } = await newCell()
    const token = await leased(carol, id)
    await sql`DELETE FROM auth.users WHERE id = ${carol}`
    expect(await sql`SELECT FROM efir_budget.cell_leases WHERE token = ${token}`).toHaveLength(0)
  })

  it('is anybody, of a budget that is deleted', async () => {
    const own = (await tenants.createBudget({ organization: ours })).id
    const [result] = (await asAlice((as) => acquire(as, [referenceTo(freshKey())], {}, own))).results
    await sql`UPDATE efir_budget.budget_versions SET deleted_at = now() WHERE id = ${own}`
    for (const attempt of [
      () => asAlice((as) => renew(as, [result![2]], {}, own)),
      () => asAlice((as) => leases(as, own)),
    ])
      expect((await refusalOf(attempt())).code).toBe('PT404')
    await sql`DELETE FROM efir_budget.budget_versions WHERE id = ${own}`
    expect(await sql`SELECT FROM efir_budget.cell_leases WHERE budget_version_id = ${own}`).toHaveLength(0)
  })

  it('is a program: none holds its writes back either', async () => {
    const { id } = await newCell()
    await leased(alice, id)
    expect((await refusalOf(asService((as) => acquire(as, [id])))).code).toBe('PT403')
    expect((await asService((as) => write(as, budget, [{ id, number: '2' }]))).results[0]![0]).toBe('written')
    expect(await asService((as) => leases(as))).toContainEqual(expect.arrayContaining([alice]))
  })
})

const calls: [string, object][] = [
  ['acquire_leases', { references: [referenceTo(freshKey())] }],
  ['renew_leases', { tokens: [1] }],
  ['release_leases', { tokens: [1] }],
  ['list_leases', {}],
]
describe.each(calls)('%s', (name, parameters) => {
  it('tells a stranger what it tells of no budget at all', async () => {
    const to = (budget_version_id: string) =>
      refusalOf(asMallory((as) => call(as, name, { budget_version_id, ...parameters })))
    expect((await to(budget)).code).toBe('PT404')
    expect(await to(budget)).toEqual(await to(randomUUID()))
  })

  it('is nothing that anon may call', async () => {
    const refusal = await refusalOf(
      asAnon((as) => call(as, name, { budget_version_id: budget, ...parameters })),
    )
    expect(refusal.code).toBe('42501')
  })
})

describe('the tables of leases', () => {
  it('give a stranger nothing, even with our ids and tokens in a budget of his own', async () => {
    const { id } = await newCell()
    const token = await leased(alice, id)
    expect((await asMallory((as) => acquire(as, [id], { steal: true }, theirBudget))).results[0]![0]).toBe(
      'not_found',
    )
    expect((await asMallory((as) => release(as, [token], theirBudget))).results).toEqual([['lost', null]])
    expect((await asAlice((as) => renew(as, [token]))).results[0]![0]).toBe('renewed')
  })

  it.each(['cell_leases', 'cell_lease_steals'])(
    '%s is written by nobody, whatever has been granted',
    async (table) => {
      for (const role of ['authenticated', 'service_role'] as const) {
        const direct = (grant: boolean) =>
          sql.begin(async (as) => {
            if (grant) await as.unsafe(`GRANT ALL ON efir_budget.${table} TO ${role}`)
            await as.unsafe(`SET LOCAL ROLE ${role}`)
            await as.unsafe(`DELETE FROM efir_budget.${table} WHERE true`)
          })
        expect((await refusalOf(direct(false))).code).toBe('42501')
        expect((await refusalOf(direct(true))).code).toBe('PT403')
      }
    },
  )

  it('are not read by members past the calls, but for the record of what was stolen', async () => {
    expect((await refusalOf(asAlice((as) => as`SELECT FROM efir_budget.cell_leases`))).code).toBe('42501')
    expect((await refusalOf(asAlice((as) => as`SELECT FROM efir_budget.live_leases`))).code).toBe('42501')
    expect((await refusalOf(asAnon((as) => as`SELECT FROM efir_budget.cell_lease_steals`))).code).toBe(
      '42501',
    )
  })
})

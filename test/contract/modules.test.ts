import { Big } from 'big.js'
import { beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import {
  boolean,
  createCells,
  date,
  decimal,
  defineModules,
  isCellsError,
  oneOf,
  text,
  UnreadableValueError,
  validated,
  VersionConflictError,
  type Budget,
} from '@efir/cells'
import { useStack } from '../support/stack.ts'

const stack = await useStack()
const modules = defineModules({
  revenue: {
    rate: decimal({ scale: 2, period: true, entity: 'optional' }),
    growth: decimal({ as: 'number', period: true }),
    total: decimal({ as: { parse: (stored) => new Big(stored), format: (value: Big) => value.toFixed() } }),
    note: text({ entity: true }),
    status: oneOf(['draft', 'final'], { entity: true }),
    open: boolean({ entity: true }),
    due: date({ entity: true }),
  },
  staff: {
    email: validated(text({ entity: true }), z.email()),
    share: validated(decimal({ as: 'number', entity: true }), z.number().min(0).max(1)),
    level: z.enum(['junior', 'senior']),
  },
})

let alice: Budget<typeof modules>
let bob: Budget
let requests: number

beforeAll(async () => {
  const organization = await stack.createOrganization()
  const [userAlice, userBob] = await Promise.all([
    stack.createUser({ organization }),
    stack.createUser({ organization }),
  ])
  const { id } = await stack.createBudget({ organization })
  const onRequest = (): void => {
    requests++
  }
  alice = createCells(stack.signIn(userAlice), { modules, onRequest }).budget(id)
  // Somebody without these modules: what he writes is whatever the database takes.
  bob = createCells(stack.signIn(userBob)).budget(id)
})

let next = 0
/** A period that no other test uses. */
const freshPeriod = () => `p${next++}`

describe('values of each kind of field', () => {
  it('come back as what was written, from the reply and from a read of somebody else', async () => {
    const entity = crypto.randomUUID()
    const period = freshPeriod()
    const changes = [
      { cell: { module: 'revenue', field: 'rate', period, entity }, value: '45000.50', ifVersion: 0 },
      { cell: { module: 'revenue', field: 'growth', period }, value: -0.025, ifVersion: 0 },
      { cell: { module: 'revenue', field: 'total' }, value: new Big('0.1').plus('0.2'), ifVersion: 'any' },
      { cell: { module: 'revenue', field: 'note', entity }, value: '007', ifVersion: 0 },
      { cell: { module: 'revenue', field: 'status', entity }, value: 'final', ifVersion: 0 },
      { cell: { module: 'revenue', field: 'open', entity }, value: false, ifVersion: 0 },
      { cell: { module: 'revenue', field: 'due', entity }, value: '2026-09-01', ifVersion: 0 },
      { cell: { module: 'staff', field: 'email', entity }, value: 'ada@example.org', ifVersion: 0 },
      { cell: { module: 'staff', field: 'share', entity }, value: 0.25, ifVersion: 0 },
      { cell: { module: 'capex', field: 'anything', entity }, value: { text: 'x' }, ifVersion: 0 },
    ] as const
    const values = [
      '45000.5',
      -0.025,
      new Big('0.3'),
      '007',
      'final',
      false,
      '2026-09-01',
      'ada@example.org',
      0.25,
      'x',
    ]
    const { outcomes } = await alice.writeMany(changes)
    expect(outcomes.map((outcome) => outcome.status === 'written' && outcome.cell.value)).toEqual(values)
    const read = await alice.readMany(changes.map(({ cell }) => cell))
    expect(read).toEqual(outcomes.map((outcome) => outcome.status === 'written' && outcome.cell))
    const stored = await bob.readMany(changes.map(({ cell }) => cell))
    expect(stored.map(({ value }) => value)).toEqual([
      '45000.5',
      '-0.025',
      '0.3',
      '007',
      'final',
      'false',
      '2026-09-01',
      'ada@example.org',
      '0.25',
      'x',
    ])
    expect(await Array.fromAsync(alice.list({ module: 'revenue', entity }))).toEqual(
      expect.arrayContaining([read[0], read[3], read[4], read[5], read[6]]),
    )
  })

  it('are emptied by null, and missing before anybody wrote them', async () => {
    const entity = crypto.randomUUID()
    const missing = await alice.read({ module: 'revenue', field: 'open', entity })
    expect(missing).toMatchObject({ exists: false, kind: 'empty', value: null })
    const open = await alice.write(missing, true)
    expect(open.value).toBe(true)
    expect(await alice.write(open, null)).toMatchObject({
      exists: true,
      kind: 'empty',
      value: null,
      version: 2,
    })
    expect(await alice.write(open, true, { ifVersion: 'any' })).toMatchObject({ value: true, version: 3 })
    expect(await alice.write(open, true, { ifVersion: 3 })).toMatchObject({ value: true, version: 3 })
    expect(await alice.delete(open, { ifVersion: 3 })).toMatchObject({ exists: false, value: null })
  })
})

describe('what the modules do not allow', () => {
  it('is refused by name before anything is sent', async () => {
    const entity = crypto.randomUUID()
    const period = freshPeriod()
    const rate = await alice.read({ module: 'revenue', field: 'rate', period })
    const open = await alice.read({ module: 'revenue', field: 'open', entity })
    const revenue = 'REVENUE'.toLowerCase()
    requests = 0
    const attempts: readonly (readonly [string, () => Promise<unknown>])[] = [
      ['change.value', () => alice.write(rate, '1.005')],
      // @ts-expect-error -- a decimal is no boolean
      ['change.value', () => alice.write(rate, true)],
      // @ts-expect-error -- a boolean is no text
      ['change.value', () => alice.write(open, 'true')],
      // @ts-expect-error -- the field requires a period
      ['cell.period', () => alice.read({ module: 'revenue', field: 'rate' })],
      // @ts-expect-error -- the field has no period
      ['cell.period', () => alice.read({ module: 'revenue', field: 'open', entity, period })],
      // @ts-expect-error -- the field requires an entity
      ['change.cell.entity', () => alice.write({ module: 'revenue', field: 'open' }, true, { ifVersion: 0 })],
      // @ts-expect-error -- the field requires an entity
      ['change.cell.entity', () => alice.delete({ module: 'revenue', field: 'open' }, { ifVersion: 'any' })],
      // @ts-expect-error -- no such field
      ['cell.field', () => alice.read({ module: 'revenue', field: 'tuition' })],
      // Names that only run time knows are checked just so.
      ['cells[1].field', () => alice.readMany([rate, { module: revenue, field: 'tuition' }])],
      [
        'changes[1].value',
        () =>
          alice.writeMany([
            { cell: rate, value: '1' },
            { cell: { ...rate, module: revenue }, value: { text: 'x' } },
          ]),
      ],
    ]
    for (const [field, attempt] of attempts) {
      await expect(attempt()).rejects.toMatchObject({ code: 'invalid', field })
    }
    expect(requests).toBe(0)
    expect(await alice.read(rate)).toMatchObject({ exists: false })
  })
})

describe('conflicts and locks', () => {
  it('show base, mine and theirs as their field has them, and are resolved by one more write', async () => {
    const address = { module: 'revenue', field: 'growth', period: freshPeriod() } as const
    const base = await alice.write(await alice.read(address), 0.1)
    await bob.write(await bob.read(address), '0.2')
    const error = await alice.write(base, 0.3).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(VersionConflictError)
    expect(error).toMatchObject({ base, mine: 0.3, theirs: { value: 0.2, version: 2 } })
    const refusal = alice.refusalOf(error, base)
    if (refusal?.status !== 'conflict' || refusal.theirs === null) throw error
    expect(refusal).toBe((error as VersionConflictError).refused[0])
    expect(await alice.write(refusal.theirs, refusal.mine)).toMatchObject({ value: 0.3, version: 3 })

    const { outcomes } = await alice.writeMany([{ cell: base, value: 0.4 }], { mode: 'partial' })
    expect(outcomes).toMatchObject([{ status: 'conflict', base, mine: 0.4, theirs: { value: 0.3 } }])
  })

  it('show the locked cell so, and theirs even where nobody can read it', async () => {
    const entity = crypto.randomUUID()
    const address = { module: 'revenue', field: 'open', entity } as const
    const base = await alice.write(await alice.read(address), true)
    const scribbled = await bob.write(await bob.read(address), { text: 'maybe' })
    await expect(alice.write(base, false)).rejects.toMatchObject({
      code: 'version_conflict',
      theirs: { kind: 'unreadable', raw: { text: 'maybe' }, version: 2 },
    })
    await bob.write(scribbled, { text: 'false' })
    const { error } = await stack
      .serviceClient()
      .schema('efir_budget')
      .from('planning_cells')
      .update({ is_locked: true, lock_reason: 'Approved' })
      .eq('id', scribbled.id!)
    expect(error).toBeNull()
    const locked = await alice.read(address)
    await expect(alice.write(locked, true)).rejects.toMatchObject({
      code: 'locked',
      cell: { value: false, lockReason: 'Approved' },
    })
  })
})

describe('values that somebody wrote past the modules', () => {
  it('spoil neither the read nor the list of ten thousand cells, and are told apart', async () => {
    const good = Array.from({ length: 9_996 }, (_, index) => ({
      cell: { module: 'revenue', field: 'growth', period: `g${index}` },
      value: `${index}.5`,
      ifVersion: 0,
    }))
    const bad = [
      { cell: { module: 'revenue', field: 'growth', period: 'b1' }, value: { text: 'n/a' }, ifVersion: 0 },
      {
        cell: { module: 'revenue', field: 'growth', period: 'b2' },
        value: '99999999999999.9999',
        ifVersion: 0,
      },
      { cell: { module: 'revenue', field: 'growth_rate', period: 'b3' }, value: '1', ifVersion: 0 },
      { cell: { module: 'staff', field: 'share', period: 'b4' }, value: '1.5', ifVersion: 0 },
    ]
    await bob.writeMany([...good, ...bad], { changeType: 'import' })

    const addresses = good.map(({ cell }) => ({
      ...cell,
      module: 'revenue' as const,
      field: 'growth' as const,
    }))
    const first = { module: 'revenue', field: 'growth', period: 'b1' } as const
    const cells = await alice.readMany([...addresses, first])
    expect(cells.filter(({ kind }) => kind === 'number')).toHaveLength(9_996)
    expect(cells[9_995]!.value).toBe(9_995.5)
    const spoiled = cells[9_996]!
    expect(spoiled).toMatchObject({ kind: 'unreadable', raw: { text: 'n/a' }, version: 1 })
    expect(() => spoiled.value).toThrow(UnreadableValueError)
    expect(() => spoiled.value).toThrow('Cell ["revenue",null,"growth","b1"] is stored as text')

    const unreadable = []
    for await (const cell of alice.list({ period: ['b1', 'b2', 'b3', 'b4', 'g1'] })) {
      if (cell.kind === 'unreadable') unreadable.push([cell.period, cell.raw])
    }
    expect(new Map(unreadable as [string, unknown][])).toEqual(
      new Map<string, unknown>([
        ['b1', { text: 'n/a' }],
        ['b2', '99999999999999.9999'],
        ['b3', '1'],
        ['b4', '1.5'],
      ]),
    )
  })

  it('are repaired by writing over them or deleting them', async () => {
    const address = { module: 'revenue', field: 'growth', period: freshPeriod() } as const
    await bob.write(await bob.read(address), { text: 'n/a' })
    const spoiled = await alice.read(address)
    expect(spoiled.kind).toBe('unreadable')
    const repaired = await alice.write(spoiled, 0.5)
    expect(repaired).toMatchObject({ kind: 'number', value: 0.5, version: 2 })
    await bob.write(await bob.read(address), { text: 'n/a' })
    expect(await alice.delete(await alice.read(address))).toMatchObject({ exists: false })
  })

  it('can be deleted even where their address is none of the field', async () => {
    const period = freshPeriod()
    await bob.write({ module: 'staff', field: 'level', period }, { text: 'senior' }, { ifVersion: 0 })
    const [astray] = await Array.fromAsync(alice.list({ module: 'staff', period }))
    await expect(alice.write(astray!, 'junior')).rejects.toSatisfy((error) => isCellsError(error, 'invalid'))
    expect(await alice.delete(astray!)).toMatchObject({ exists: false })
  })
})

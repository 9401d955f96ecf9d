import { beforeAll, describe, expect, it } from 'vitest'
import {
  CellLockedError,
  createCells,
  isCellsError,
  NotFoundError,
  ValidationError,
  VersionConflictError,
  type Budget,
  type StoredCell,
} from '@efir/cells'
import { useStack } from '../support/stack.ts'

const stack = await useStack()

let alice: Budget
let bob: Budget
let mallory: Budget
let budgetVersionId: string
let aliceId: string

beforeAll(async () => {
  const ours = await stack.createOrganization()
  const theirs = await stack.createOrganization()
  const [userAlice, userBob, userMallory] = await Promise.all([
    stack.createUser({ organization: ours }),
    stack.createUser({ organization: ours }),
    stack.createUser({ organization: theirs }),
  ])
  aliceId = userAlice.id
  budgetVersionId = (await stack.createBudget({ organization: ours })).id
  alice = createCells(stack.signIn(userAlice)).budget(budgetVersionId)
  bob = createCells(stack.signIn(userBob)).budget(budgetVersionId)
  mallory = createCells(stack.signIn(userMallory)).budget(budgetVersionId)
})

let next = 0
/** An address that no other test uses. */
const freshAddress = () => ({ module: 'core', field: `field_${next++}`, period: '2025-09' })

describe('reading and writing', () => {
  it('reads a cell that nobody has written as a missing one, and creates it by writing', async () => {
    const address = freshAddress()
    const missing = await alice.read(address)
    expect(missing).toEqual({
      ...address,
      entity: null,
      exists: false,
      id: null,
      kind: 'empty',
      value: null,
      isLocked: false,
      lockReason: null,
      version: 0,
      modifiedBy: null,
      modifiedAt: null,
    })
    const created = await alice.write(missing, '45000.00')
    expect(created).toMatchObject({
      exists: true,
      kind: 'number',
      value: '45000',
      version: 1,
      modifiedBy: aliceId,
    })
    expect(await bob.read(address)).toEqual(created)
  })

  it.each(['99999999999999.9999', '-0.0001', '-99999999999999.9999', '0.1', '0'])(
    'writes %s and reads exactly this back',
    async (value) => {
      const written = await alice.write(await alice.read(freshAddress()), value)
      const read = await bob.read(written)
      expect(written.value).toBe(value)
      expect(read.value).toBe(value)
      expect(read).toEqual(written)
    },
  )

  it('keeps text, the empty text and empty apart', async () => {
    const cell = await alice.write(await alice.read(freshAddress()), { text: 'à revoir 🧮 "q"' })
    expect(await bob.read(cell)).toMatchObject({ kind: 'text', value: 'à revoir 🧮 "q"' })
    const blank = await alice.write(cell, { text: '' })
    expect(await bob.read(cell)).toMatchObject({ kind: 'text', value: '', version: 2 })
    await alice.write(blank, null)
    expect(await bob.read(cell)).toMatchObject({ kind: 'empty', value: null, exists: true, version: 3 })
  })

  it('leaves a cell as it is when the value is the one it shows', async () => {
    const cell = await alice.write(await alice.read(freshAddress()), '12.50')
    expect(await alice.write(cell, '12.5')).toEqual(cell)
  })

  it('tells apart cells by entity and by period, null included', async () => {
    const entity = crypto.randomUUID()
    const field = `field_${next++}`
    const addresses = [
      { module: 'core', field },
      { module: 'core', field, period: '2025' },
      { module: 'core', field, entity },
      { module: 'core', field, entity, period: '2025' },
    ]
    const cells = await alice.readMany(addresses)
    await alice.writeMany(cells.map((cell, index) => ({ cell, value: index })))
    expect((await bob.readMany(addresses)).map(({ value }) => value)).toEqual(['0', '1', '2', '3'])
    expect((await bob.readMany([...addresses].reverse())).map(({ value }) => value)).toEqual([
      '3',
      '2',
      '1',
      '0',
    ])
  })
})

describe('conflicts', () => {
  it('shows base, mine and theirs, and is resolved by one more write', async () => {
    const base = await alice.write(await alice.read(freshAddress()), '1')
    const theirs = await bob.write(base, '2')
    const error = await alice.write(base, '3').catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(VersionConflictError)
    expect(error).toMatchObject({
      code: 'version_conflict',
      base,
      baseVersion: 1,
      mine: '3',
      theirs,
      retryable: false,
    })
    const resolved = await alice.write(
      (error as VersionConflictError).theirs!,
      (error as VersionConflictError).mine,
    )
    expect(resolved).toMatchObject({ value: '3', version: 3 })
  })

  it('lets exactly one of fifty writers land on the same base, and shows the winner to the others', async () => {
    for (const base of [
      await alice.read(freshAddress()),
      await alice.write(await alice.read(freshAddress()), '-1'),
    ]) {
      const attempts = await Promise.allSettled(
        Array.from({ length: 50 }, (_, value) => alice.write(base, value)),
      )
      const landed = attempts.filter((attempt) => attempt.status === 'fulfilled')
      const refused = attempts.filter((attempt) => attempt.status === 'rejected')
      expect(landed).toHaveLength(1)
      expect(refused).toHaveLength(49)
      const winner = landed[0]!.value
      for (const { reason } of refused) {
        expect(reason).toBeInstanceOf(VersionConflictError)
        expect((reason as VersionConflictError).theirs).toEqual(winner)
      }
      expect(await bob.read(base)).toEqual(winner)
      expect(winner.version).toBe(base.version + 1)
    }
  })

  it('does not compile, nor pass, for an address without a version', async () => {
    // @ts-expect-error -- an address needs ifVersion
    await expect(alice.write(freshAddress(), '1')).rejects.toThrow(ValidationError)
    expect(await alice.write(freshAddress(), '1', { ifVersion: 'any' })).toMatchObject({ version: 1 })
  })
})

describe('batches', () => {
  it('refuse whole when one change is bad, and name every bad one', async () => {
    const [first, second, third] = (await alice.readMany([
      freshAddress(),
      freshAddress(),
      freshAddress(),
    ])) as [StoredCell, StoredCell, StoredCell]
    const taken = await bob.write(second, '7')
    const error = await alice
      .writeMany([first, second, third].map((cell) => ({ cell, value: '1' })))
      .catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(VersionConflictError)
    expect((error as VersionConflictError).refused).toEqual([
      { status: 'conflict', index: 1, base: second, baseVersion: 0, mine: '1', theirs: taken },
    ])
    expect((await alice.readMany([first, third])).map(({ exists }) => exists)).toEqual([false, false])
  })

  it('land in part when asked to', async () => {
    const cells = await alice.readMany([freshAddress(), freshAddress()])
    const taken = await bob.write(cells[0]!, '7')
    const result = await alice.writeMany(
      cells.map((cell) => ({ cell, value: '1' })),
      { mode: 'partial', session: 'Paste' },
    )
    expect(result.outcomes).toEqual([
      { status: 'conflict', index: 0, base: cells[0], baseVersion: 0, mine: '1', theirs: taken },
      { status: 'written', index: 1, cell: await bob.read(cells[1]!) },
    ])
  })

  it('take ten thousand cells in one call, and list gives every one of them back once', async () => {
    const changes = Array.from({ length: 10_000 }, (_, index) => ({
      cell: { module: 'large', field: 'amount', period: String(index) },
      value: `${index}.25`,
      ifVersion: 0,
    }))
    const { outcomes } = await alice.writeMany(changes, { changeType: 'import' })
    expect(outcomes.every(({ status }) => status === 'written')).toBe(true)
    const listed = await Array.fromAsync(bob.list({ module: 'large' }, { pageSize: 3_333 }))
    expect(new Set(listed.map(({ period }) => period)).size).toBe(10_000)
    expect(listed).toHaveLength(10_000)
    expect(
      listed.every(({ value, period, valueType }) => value === `${period}.25` && valueType === 'imported'),
    ).toBe(true)
    const ids = listed.map(({ id }) => id)
    expect(ids).toEqual([...ids].sort())
  })

  it('answer a repeat of the same operation with the first answer and change nothing', async () => {
    const cell = await alice.read(freshAddress())
    const operationId = crypto.randomUUID()
    const send = () => alice.writeMany([{ cell, value: '5' }], { operationId })
    const first = await send()
    expect(await send()).toEqual(first)
    expect(await Promise.all([send(), send()])).toEqual([first, first])
    expect(await alice.read(cell)).toMatchObject({ version: 1, value: '5' })
    await expect(alice.write(cell, '6', { operationId })).rejects.toMatchObject({ code: 'invalid' })
  })

  it('name the change and the part that is not acceptable, before anything is sent', async () => {
    const [good, bad] = await alice.readMany([freshAddress(), freshAddress()])
    const changes = [
      { cell: good!, value: '1' },
      { cell: bad!, value: '1.00009' },
    ]
    await expect(alice.writeMany(changes)).rejects.toMatchObject({
      code: 'invalid',
      field: 'changes[1].value',
      given: '1.00009',
    })
    expect(await alice.read(good!)).toMatchObject({ exists: false })
    await expect(alice.writeMany([])).rejects.toThrow(ValidationError)
    await expect(alice.writeMany(new Array(10_001).fill(changes[0]))).rejects.toThrow('at most 10000')
  })

  it('refuse the same cell twice', async () => {
    const cell = freshAddress()
    const twice = [1, 2].map((value) => ({ cell, value, ifVersion: 'any' as const }))
    await expect(alice.writeMany(twice)).rejects.toMatchObject({ code: 'invalid', field: 'changes[1].key' })
    expect(await alice.read(cell)).toMatchObject({ exists: false })
  })
})

describe('deleting', () => {
  it('takes the cell out of reads; writing the address again brings the same row back', async () => {
    const cell = (await alice.write(await alice.read(freshAddress()), '1')) as StoredCell
    const gone = await alice.delete(cell)
    expect(gone).toMatchObject({ exists: false, version: 0 })
    expect(await bob.read(cell)).toEqual(gone)
    expect(await Array.fromAsync(bob.list({ field: cell.field }))).toEqual([])
    const back = await bob.write(gone, '2')
    expect(back).toMatchObject({ id: cell.id, value: '2', version: 3 })
  })

  it('conflicts like any write, with what is there now', async () => {
    const cell = await alice.write(await alice.read(freshAddress()), '1')
    const theirs = await bob.write(cell, '2')
    await expect(alice.delete(cell)).rejects.toMatchObject({ code: 'version_conflict', mine: null, theirs })
    await bob.delete(theirs)
    await expect(alice.write(cell, '3')).rejects.toMatchObject({ code: 'version_conflict', theirs: null })
  })
})

describe('locked cells', () => {
  it('refuse every write and say why', async () => {
    const cell = (await alice.write(await alice.read(freshAddress()), '1')) as StoredCell
    const { error } = await stack
      .serviceClient()
      .schema('efir_budget')
      .from('planning_cells')
      .update({ is_locked: true, lock_reason: 'Approved' })
      .eq('id', cell.id)
    expect(error).toBeNull()
    const seen = await alice.read(cell)
    expect(seen).toMatchObject({ isLocked: true, lockReason: 'Approved', value: '1' })
    const attempts = await Promise.allSettled([
      alice.write(seen, '2'),
      alice.delete(seen),
      bob.write(cell, '2', { ifVersion: 'any' }),
    ])
    for (const attempt of attempts) {
      expect(attempt).toMatchObject({ status: 'rejected', reason: { code: 'locked', cell: seen } })
      const reason: unknown = attempt.status === 'rejected' && attempt.reason
      expect(reason).toBeInstanceOf(CellLockedError)
      expect((reason as CellLockedError).message).toContain('is locked: Approved.')
    }
    expect(await Array.fromAsync(alice.list({ locked: true, field: cell.field }))).toEqual([seen])
  })
})

describe('another organisation', () => {
  it('can neither read, list, write nor delete, and learns nothing', async () => {
    const cell = await alice.write(await alice.read(freshAddress()), '1')
    await expect(mallory.read(cell)).rejects.toThrow(NotFoundError)
    await expect(Array.fromAsync(mallory.list())).rejects.toThrow(NotFoundError)
    await expect(mallory.write(cell, '2')).rejects.toThrow(NotFoundError)
    await expect(mallory.delete(cell)).rejects.toThrow(NotFoundError)
    expect(await alice.read(cell)).toEqual(cell)
  })

  it('gets the same answer for a budget that does not exist', async () => {
    const nowhere = createCells(
      stack.signIn(await stack.createUser({ organization: await stack.createOrganization() })),
    )
    const messages = await Promise.all(
      [budgetVersionId, crypto.randomUUID()].map((id) =>
        nowhere
          .budget(id)
          .read(freshAddress())
          .catch((error: unknown) => (error as Error).message.replaceAll(id, '…')),
      ),
    )
    expect(messages[0]).toBe(messages[1])
  })

  it('is not anon, who may do nothing at all', async () => {
    const anon = createCells(stack.anonClient()).budget(budgetVersionId)
    const attempts = await Promise.allSettled([
      anon.read(freshAddress()),
      Array.fromAsync(anon.list()),
      anon.write(freshAddress(), 1, { ifVersion: 0 }),
    ])
    for (const attempt of attempts) {
      expect(attempt.status === 'rejected' && isCellsError(attempt.reason, 'unauthorized')).toBe(true)
    }
  })
})

describe('calls that do not get through', () => {
  it('end with the reason of the signal that ended them', async () => {
    const reason = new Error('no longer needed')
    const controller = new AbortController()
    const reading = alice.read(freshAddress(), { signal: controller.signal })
    controller.abort(reason)
    await expect(reading).rejects.toBe(reason)
    await expect(alice.read(freshAddress(), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })

  it('say so when the schema is not there', async () => {
    const elsewhere = createCells(stack.serviceClient(), { databaseSchema: 'no_such_schema' }).budget(
      budgetVersionId,
    )
    await expect(elsewhere.read(freshAddress())).rejects.toMatchObject({ code: 'not_installed' })
  })
})

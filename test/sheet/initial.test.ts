import { describe, expect, it } from 'vitest'
import { createCells, type CellsSnapshot } from '@efir/cells'
import { useStack } from '../support/stack.ts'
import { openLive } from './support/live.ts'

const stack = await useStack()
const at = (field: string, module = 'initial') => ({ module, field })
const copyOf = (snapshot: CellsSnapshot) => JSON.parse(JSON.stringify(snapshot)) as CellsSnapshot

async function budgetOfTwo() {
  const organization = await stack.createOrganization()
  const { id } = await stack.createBudget({ organization })
  const users = [await stack.createUser({ organization }), await stack.createUser({ organization })] as const
  const [alice, bob] = users.map((user) => createCells(stack.signIn(user)).budget(id)) as [
    ReturnType<ReturnType<typeof createCells>['budget']>,
    ReturnType<ReturnType<typeof createCells>['budget']>,
  ]
  const fill = async (values: Record<string, string>) =>
    await bob.writeMany(
      Object.entries(values).map(([field, value]) => ({ cell: at(field), value, ifVersion: 'any' as const })),
    )
  return { id, alice, bob, fill, signIn: () => stack.signIn(users[0]) }
}

describe('a sheet that is given a snapshot', () => {
  it('shows it at once, reads what changed since and nothing else, and ends with what a fresh read gives', async () => {
    const { id, alice, bob, fill, signIn } = await budgetOfTwo()
    await fill({ same: '1', changed: '1', deleted: '1', again: '1' })
    const initial = copyOf(await alice.snapshot({ module: 'initial' }))
    await fill({ changed: '2', created: '3' })
    await bob.delete(await bob.read(at('deleted')))
    await bob.delete(await bob.read(at('again')))
    await fill({ again: '4' })

    const { open, stream, requests } = openLive(signIn(), id)
    const sheet = open({ module: 'initial' }, { initial })
    const values = () =>
      Object.fromEntries(
        sheet
          .range()
          .getSnapshot()
          .map(({ field, value }) => [field, value]),
      )
    expect(values()).toEqual({ same: '1', changed: '1', deleted: '1', again: '1' })
    stream.tell({ type: 'joined' })
    await sheet.ready()
    expect(values()).toEqual({ same: '1', changed: '2', created: '3', again: '4' })
    expect(new Set(requests.map(({ operation }) => operation))).toEqual(new Set(['changes_since']))
    await sheet.close()
  })

  it('believes no snapshot that is behind what another sheet knows', async () => {
    const { id, alice, fill, signIn } = await budgetOfTwo()
    await fill({ a: '1' })
    const initial = copyOf(await alice.snapshot({ field: 'a' }))
    await fill({ a: '2', b: '1' })
    const { open, stream } = openLive(signIn(), id)
    const first = open({ field: 'b' })
    stream.tell({ type: 'joined' })
    await first.ready()
    const second = open({ field: 'a' }, { initial })
    await second.ready()
    expect(second.get(at('a'))).toMatchObject({ value: '2' })
    await Promise.all([first.close(), second.close()])
  })

  it('reads everything where the database knows nothing of the revision', async () => {
    const { id, alice, fill, signIn } = await budgetOfTwo()
    await fill({ a: '1' })
    const snapshot = copyOf(await alice.snapshot())
    const ahead = {
      ...snapshot,
      revision: 1_000,
      cells: snapshot.cells.map((cell) => ({ ...cell, value: '9' })),
    }
    const { open, stream } = openLive(signIn(), id)
    const sheet = open({}, { initial: ahead })
    stream.tell({ type: 'joined' })
    await sheet.ready()
    expect(sheet.get(at('a'))).toMatchObject({ value: '1' })
    await sheet.close()
  })

  it('refuses one of another budget or other cells, and what is none', async () => {
    const { alice, fill } = await budgetOfTwo()
    await fill({ a: '1' })
    const initial = copyOf(await alice.snapshot({ module: 'initial' }))
    const opening = (other: unknown, filter = { module: 'initial' }) =>
      alice.open(filter, { initial: other as CellsSnapshot })
    await expect(opening({ ...initial, budgetVersionId: crypto.randomUUID() })).rejects.toThrow(
      expect.objectContaining({ code: 'invalid', field: 'initial.budgetVersionId' }) as Error,
    )
    await expect(opening(initial, { module: 'other' })).rejects.toThrow(
      expect.objectContaining({ code: 'invalid', field: 'initial.filter' }) as Error,
    )
    for (const none of [null, {}, { ...initial, cells: 'all' }, { ...initial, revision: 1.5 }]) {
      await expect(opening(none)).rejects.toThrow(
        expect.objectContaining({ code: 'invalid', field: 'initial' }) as Error,
      )
    }
    const sheet = await opening(initial)
    await sheet.ready()
    await sheet.close()
  })
})

import { createCells, type Budget, type Cells, type Sheet } from '@efir/cells'
import type { TestStack } from '../../support/stack.ts'

/** Somebody in the gallery. */
export interface GalleryPerson {
  readonly userId: string
  readonly name: string
  readonly avatar?: string | undefined
}

const cells = {
  discussed: { module: 'staff', field: 'teaching_posts', period: '2026' },
  changed: { module: 'staff', field: 'salaries', period: '2026' },
  disputed: { module: 'revenue', field: 'tuition_rate', period: '2026' },
  locked: { module: 'staff', field: 'approved_posts', period: '2026' },
  leased: { module: 'staff', field: 'bonus', period: '2026' },
} as const
/** The cells that the scenes are about. */
export type GalleryCells = typeof cells

/** What somebody writes who wants to run in the page of others, and one who has much to say. */
export const hostile = `<img src=x onerror="globalThis.isBroken=true"><script>globalThis.isBroken=true</script> javascript:alert(1)`
export const endless = 'W'.repeat(10_000)
const longName = 'Maximiliane-Alexandra von und zu Hohenberg-Schillingsfürst-Waldenburg, Finances'
const picture =
  'data:image/svg+xml,%3Csvg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"%3E%3Crect width="8" height="8" fill="%23f4a261"/%3E%3Ccircle cx="4" cy="3" r="1.6" fill="%23264653"/%3E%3Ccircle cx="4" cy="8" r="3" fill="%23264653"/%3E%3C/svg%3E'

/** One of the people, with his own client. */
export interface Member extends GalleryPerson {
  readonly cells: Cells
  readonly budget: Budget
  /** The same budget in another window of his. */
  readonly elsewhere: Budget
}

/** A budget with everything in it that the components can show. */
export async function furnish(stack: TestStack) {
  const organization = await stack.createOrganization()
  const { id } = await stack.createBudget({ organization })
  const join = async (name: string, avatar?: string): Promise<Member> => {
    const user = await stack.createUser({ organization })
    const client = createCells(stack.signIn(user))
    const elsewhere = createCells(stack.signIn(user)).budget(id)
    return { userId: user.id, name, avatar, cells: client, budget: client.budget(id), elsewhere }
  }
  const user = await stack.createUser({ organization })
  const mine = createCells(stack.signIn(user)).budget(id)
  const people = [
    await join('Bob Martin', picture),
    await join('Zoë Dubois', 'javascript:alert(1)'),
    await join(longName),
    await join('نورا الحربي'),
    await join('Chen Wei'),
    await join('Priya'),
  ]
  const [bob, zoe, long, nora] = people as [Member, Member, Member, Member]
  await mine.write(cells.disputed, '45000', { ifVersion: 0 })
  await mine.write(cells.locked, '12', { ifVersion: 0 })
  await mine.locks.lock({ cells: [cells.locked] }, { reason: 'Approved by the board on 12 November' })
  await mine.write(cells.leased, '1500.5', { ifVersion: 0 })
  for (const [by, value] of [
    [mine, '1200000'],
    [bob.budget, '1250000.25'],
    [zoe.budget, '1249999.9999'],
    [bob.budget, { text: 'to be agreed' }],
    [mine, '1300000'],
  ] as const) {
    const session = value === '1250000.25' ? 'Paste from Excel' : undefined
    await by.writeMany([{ cell: await by.read(cells.changed), value }], { session })
  }
  await mine.undo()
  for (let value = 1; value < 8; value++)
    await bob.budget.write(await bob.budget.read(cells.changed), value * 100_000)
  await talk({ mine, bob, zoe, long, nora, me: user.id })
  const given = {
    url: stack.url,
    key: stack.anonKey,
    token: user.accessToken,
    budget: id,
    me: user.id,
    people: people.map(({ userId, name, avatar }) => ({ userId, name, ...(avatar && { avatar }) })),
    cells,
  }
  const empty = await stack.createBudget({ organization })
  return { given, newcomer: { ...given, budget: empty.id }, mine, people, bob, zoe }
}

interface Talkers {
  readonly mine: Budget
  readonly me: string
  readonly bob: Member
  readonly zoe: Member
  readonly long: Member
  readonly nora: Member
}

async function talk({ mine, me, bob, zoe, long, nora }: Talkers): Promise<void> {
  const cell = cells.discussed
  const old = await long.budget.comments.add(cell, endless)
  await mine.comments.reply(old, 'That is a lot.')
  await mine.comments.markRead([old])
  const settled = await mine.comments.add(cell, 'Is the head of school in here?')
  await zoe.budget.comments.reply(settled, 'No, she is in administration.')
  await zoe.budget.comments.resolve(settled)
  await zoe.budget.comments.add(cell, hostile)
  await nora.budget.comments.add(cell, 'هل العدد نهائي؟')
  const thread = await mine.comments.add(
    cell,
    'Two posts more than last year.\n\n@Bob Martin do you know why?',
    {
      mentions: [bob.userId],
    },
  )
  await bob.budget.comments.reply(
    thread,
    'The new campus opens in September: @Me see the staffing plan, page 4.',
    {
      mentions: [me],
    },
  )
  const gone = await zoe.budget.comments.reply(thread, 'Typo.')
  await zoe.budget.comments.delete(gone)
  await bob.budget.comments.add(cells.changed, 'These include the pension, @Me.', { mentions: [me] })
}

/** Everybody comes, and stands somewhere. */
export async function gather(people: readonly Member[]): Promise<Sheet[]> {
  const places = [cells.discussed, cells.leased, cells.changed, null, cells.disputed, null]
  // A lease is renewed by itself; by presence alone, who moves no more is soon away.
  await people[1]?.budget.leases.acquire(cells.leased)
  // Bob has a second window, in which he is nowhere in particular.
  const second = await people[0]!.elsewhere.open({}, { presence: { name: people[0]!.name } })
  const first = await Promise.all(
    people.map(async ({ budget, name, avatar }, index) => {
      const sheet = await budget.open({}, { presence: { name, ...(avatar && { avatar }) } })
      await sheet.ready()
      sheet.presence.move(places[index] ?? null, index % 2 === 1 ? 'editing' : 'viewing')
      return sheet
    }),
  )
  return [...first, second]
}

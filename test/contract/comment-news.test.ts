import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createCells, type Budget, type Sheet, type SheetEvents, type StreamKind } from '@efir/cells'
import { useStack } from '../support/stack.ts'

const stack = await useStack()
type User = Awaited<ReturnType<typeof stack.createUser>>
type News = Parameters<SheetEvents['comments']>[0]['cells']

let alice: User
let bob: User
let mallory: User
let budgetVersionId: string
let theirs: string
const open: Sheet[] = []

beforeAll(async () => {
  const [ours, others] = [await stack.createOrganization(), await stack.createOrganization()]
  ;[alice, bob, mallory] = await Promise.all([
    stack.createUser({ organization: ours }),
    stack.createUser({ organization: ours }),
    stack.createUser({ organization: others }),
  ])
  budgetVersionId = (await stack.createBudget({ organization: ours })).id
  theirs = (await stack.createBudget({ organization: others })).id
})

afterEach(async () => {
  await Promise.all(open.splice(0).map((sheet) => sheet.close()))
})

let next = 0
const freshCell = () => ({ module: 'staff', entity: null, field: `posts_${next++}`, period: '2026' })
const budgetOf = (user: User, id: string, stream: StreamKind): Budget =>
  createCells(stack.signIn(user), { stream }).budget(id)

/** A sheet of another module than the comments', with what it tells of them once it is ready. */
async function listener(user: User, id: string, stream: StreamKind) {
  const sheet = await budgetOf(user, id, stream).open({ module: 'revenue' })
  open.push(sheet)
  const told: News[] = []
  let look = (): void => undefined
  sheet.on('comments', ({ cells }) => {
    told.push(cells)
    look()
  })
  await sheet.ready()
  const heard = (isWanted: (news: News) => boolean) =>
    new Promise<void>((resolve) => {
      look = () => {
        if (told.some(isWanted)) resolve()
      }
      look()
    })
  return { told, heard }
}

describe('comments', () => {
  it('are told to the others of the organisation, by their cell', async () => {
    const [bobs, mallorys] = [
      await listener(bob, budgetVersionId, 'broadcast'),
      await listener(mallory, theirs, 'broadcast'),
    ]
    const before = mallorys.told.length
    const cell = freshCell()
    const as = budgetOf(alice, budgetVersionId, 'broadcast')
    const question = await as.comments.add(cell, 'Why?')
    const isIt = (news: News) => news !== 'all' && news.some((one) => one.field === cell.field)
    await bobs.heard(isIt)
    expect(bobs.told.find(isIt)).toEqual([cell])
    bobs.told.length = 0
    await as.comments.resolve(question)
    await bobs.heard(isIt)
    expect(mallorys.told).toHaveLength(before)
  })

  it('are told by rows as well, without their cell', async () => {
    const { told, heard } = await listener(bob, budgetVersionId, 'postgres_changes')
    await heard((news) => news === 'all')
    told.length = 0
    await budgetOf(alice, budgetVersionId, 'broadcast').comments.add(freshCell(), 'Why?')
    await heard((news) => news === 'all')
  })
})

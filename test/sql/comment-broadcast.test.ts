import { describe, expect, it } from 'vitest'
import { freshKey, freshTenants, referenceTo, write } from './support/cells.ts'
import { commentsOf } from './support/comments.ts'
import { commentNews, startRealtime, withoutRealtime } from './support/realtime.ts'

const { sql, ours, bob, asAlice, asBob, createBudget } = await freshTenants()

/** A new budget, and as many written cells in it: their ids, and their keys as they are told. */
async function written(count = 1) {
  const budget = (await createBudget({ organization: ours })).id
  const keys = Array.from({ length: count }, () => freshKey())
  const { results } = await asAlice((as) =>
    write(
      as,
      budget,
      keys.map((key) => ({ ...key, number: '1' })),
    ),
  )
  const cells = results.map(([, id]) => id as string)
  return { budget, cells, keys: keys.map((key) => referenceTo(key)), comments: commentsOf(budget) }
}

describe('without Realtime', () => {
  it('comments are written and told to nobody', async () => {
    await withoutRealtime(sql)
    const { cells, comments } = await written()
    const { id } = await asAlice((as) => comments.say(as, cells[0], 'Why?'))
    await asAlice((as) => comments.edit(as, id, 'Why 1?'))
    await startRealtime(sql)
  })
})

describe('comments', () => {
  it('are told privately, by their cell and without a word of them, whatever becomes of them', async () => {
    const { budget, cells, keys, comments } = await written()
    const { id } = await asAlice((as) => comments.say(as, cells[0], 'A secret', { mentions: [bob] }))
    await asBob((as) => comments.answer(as, id, 'Another'))
    await asAlice((as) => comments.edit(as, id, 'No secret'))
    await asBob((as) => comments.resolve(as, id))
    await asAlice((as) => comments.reopen(as, id))
    await asAlice((as) => comments.remove(as, id))
    const news = await commentNews(sql, budget)
    expect(news.map((one) => ({ ...one, id: '' }))).toEqual(
      Array.from({ length: 6 }, () => ({ private: true, id: '', cells: keys })),
    )
    expect(JSON.stringify(news)).not.toContain('ecret')
  })

  it('that were read, resolved again, or taken back with their transaction are no news', async () => {
    const { budget, cells, comments } = await written()
    const { id } = await asAlice((as) => comments.say(as, cells[0], 'Why?'))
    await asBob((as) => comments.resolve(as, id))
    const before = await commentNews(sql, budget)
    await asBob((as) => comments.read(as, [id]))
    await asAlice((as) => comments.resolve(as, id))
    const back = asAlice(async (as) => {
      await comments.say(as, cells[0], 'Never said')
      throw new Error('taken back')
    })
    await expect(back).rejects.toThrow('taken back')
    expect(await commentNews(sql, budget)).toEqual(before)
  })

  it('are told once, and not again by an update that nobody can see', async () => {
    const { budget, cells, comments } = await written()
    const { id } = await asAlice((as) => comments.say(as, cells[0], 'Why?'))
    await asAlice((as) => comments.edit(as, id, 'Why 1?'))
    const before = await commentNews(sql, budget)
    await sql`UPDATE efir_budget.cell_comments SET comment_text = comment_text WHERE id = ${id}`
    expect(await commentNews(sql, budget)).toEqual(before)
  })

  it('of one statement are one message a budget; of very many cells it says only that there is something', async () => {
    const [few, many] = [await written(2), await written(201)]
    await sql`
      INSERT INTO efir_budget.cell_comments (cell_id, comment_text)
      SELECT id, 'From a script' FROM unnest(${[...few.cells, ...many.cells]}::uuid[]) AS id`
    const [told, ...more] = await commentNews(sql, few.budget)
    expect(told?.cells?.toSorted()).toEqual(few.keys.toSorted())
    expect(more).toEqual([])
    expect(await commentNews(sql, many.budget)).toMatchObject([{ cells: null }])
  })
})

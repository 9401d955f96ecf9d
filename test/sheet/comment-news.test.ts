import { describe, expect, it } from 'vitest'
import { commentsApart, type CommentedCells } from '../../src/sheet/comment-news.ts'
import type { ChannelEvent } from '../../src/transport/stream.ts'

/** What is told of comments, and of all else, when the channel says this. */
function heard(...events: readonly ChannelEvent[]) {
  const cells: CommentedCells[] = []
  const rest: ChannelEvent[] = []
  const open = commentsApart(
    (_budget, tell) => {
      for (const event of events) tell(event)
      return { leave: () => undefined }
    },
    (news) => cells.push(news),
  )
  open('0199a3c4-0000-7000-8000-000000000001', (event) => rest.push(event))
  return { cells, rest }
}

describe('news of comments', () => {
  it('are the cells that the database names, frozen', () => {
    const { cells, rest } = heard({
      type: 'comments',
      said: { cells: [['staff', null, 'posts', '2026']], id: 'x' },
    })
    expect(cells).toEqual([[{ module: 'staff', entity: null, field: 'posts', period: '2026' }]])
    expect(Object.isFrozen(cells[0]) && Object.isFrozen(cells[0]?.[0])).toBe(true)
    expect(rest).toEqual([])
  })

  it('are of all cells where they are too many, where a row came without its cell, and after a join', () => {
    const joined = { type: 'joined' } as const
    const { cells, rest } = heard(
      { type: 'comments', said: { cells: null } },
      { type: 'comments', said: null },
      joined,
    )
    expect(cells).toEqual(['all', 'all', 'all'])
    expect(rest).toEqual([joined])
  })

  it.each([undefined, 7, 'cells', {}, { cells: 'all' }, { cells: [['staff']] }, { cells: [[1, 2, 3, 4]] }])(
    'that cannot be read (%j) are of all cells',
    (said) => {
      expect(heard({ type: 'comments', said }).cells).toEqual(['all'])
    },
  )
})

import { describe, expect, it } from 'vitest'
import type { CellsErrorCode, PresenceMode } from '@efir/cells'
import { english, french } from '@efir/cells/react'

const kinds = ['manual', 'spread', 'import', 'calculation', 'undo', 'redo'] as const
const actions = ['insert', 'update', 'delete', 'restore', 'lock', 'unlock'] as const
/** Errors by what a person can do about them: those of a line are told alike. */
const problems: readonly (readonly (CellsErrorCode | null)[])[] = [
  ['invalid', 'unreadable'],
  ['version_conflict'],
  ['locked'],
  ['lease_lost'],
  ['forbidden'],
  ['not_found'],
  ['unauthorized'],
  ['not_installed'],
  ['rate_limited'],
  ['too_large'],
  ['network', 'timeout'],
  ['storage'],
  ['server', 'protocol', null],
]
const states = ['connecting', 'catching-up', 'live', 'polling', 'offline', 'closed'] as const

describe.each([english, french])('the texts in $locale', (texts) => {
  it('have a word of its own for every kind of work, and for every state of a sheet', () => {
    for (const words of [
      kinds.map(texts.historyChangeType),
      actions.map(texts.historyAction),
      states.map(texts.syncState),
      states.map(texts.syncExplanation),
    ]) {
      expect(words.every((word) => word !== '')).toBe(true)
      expect(new Set(words).size).toBe(words.length)
    }
  })

  it('tell every error, and different ones differently', () => {
    const told = problems.map((codes) => new Set(codes.map(texts.problem)))
    expect(told.every(({ size }) => size === 1)).toBe(true)
    expect(new Set(told.flatMap((words) => [...words])).size).toBe(problems.length)
  })

  it.each([
    texts.conflictWaiting,
    texts.commentsShowResolved,
    texts.commentsTooLong,
    texts.commentsMentionCount,
    texts.commentsUnread,
    texts.presenceMore,
    texts.syncPending,
    texts.syncRefused,
    texts.inboxButton,
  ])('count in $name', (count) => {
    expect(count(1)).toContain('1')
    expect(count(2)).toContain('2')
    expect(count(2)).not.toContain('#')
  })

  it('name a step by its label, or else by the kind of its work', () => {
    const step = { label: null, changeType: null, cells: 1 }
    const names = [
      texts.undoStep(step),
      texts.redoStep(step),
      texts.undoStep({ ...step, label: 'Paste' }),
      ...kinds.map((changeType) => texts.undoStep({ ...step, changeType })),
    ]
    expect(new Set(names).size).toBe(names.length)
    expect(names[2]).toContain('Paste')
    expect(names.join('')).not.toMatch(/\d|null/u)
    const none = { reverted: 1, superseded: 0, missing: 0, locked: 0, forbidden: 0 }
    expect(texts.redone({ ...step, label: 'Paste' }, none)).toContain('Paste')
  })

  it('say where somebody is, and whether he is at work', () => {
    const place = (mode: PresenceMode, cell: string | null) => texts.presencePlace(mode, cell)
    const places = [place('viewing', null), place('viewing', 'Rate'), place('editing', 'Rate')]
    expect(new Set(places).size).toBe(3)
    expect(places.map((words) => words.includes('Rate'))).toEqual([false, true, true])
    expect(texts.presencePerson('Ann', 'x', true).startsWith(texts.presencePerson('Ann', 'x', false))).toBe(
      true,
    )
    expect(texts.presencePerson('Ann', 'x', true)).toContain(texts.presenceIdle)
    expect([texts.lockedFor(null), texts.lockedFor('Audit')].map((words) => words.includes('Audit'))).toEqual(
      [false, true],
    )
    const address = { module: 'm', entity: null, field: 'tuition_rate', period: null }
    expect(texts.cellName(address)).toBe('tuition rate')
    expect(texts.cellName({ ...address, period: '2026' })).toBe('tuition rate, 2026')
  })

  it('put a name, a moment, a value in the place that is theirs', () => {
    const inPlace = [
      texts.conflictTitle('A'),
      texts.conflictExplanation('A'),
      texts.conflictTheirs('A'),
      texts.conflictNotANumber('A'),
      texts.commentsTitle('A'),
      texts.commentsReplyTo('A'),
      texts.commentsResolved('A', 'B'),
      texts.commentsReopened('A', 'B'),
      texts.commentsThread('A', 'B'),
      texts.editedBy('A'),
      texts.historyTitle('A'),
      texts.historyRestoreValue('A', 'B'),
      texts.historyRestored('A'),
      texts.historyFromTo('A', 'B'),
      texts.inboxMention('A', 'B'),
    ]
    for (const words of inPlace) expect(words).toMatch(/A/u)
    for (const words of inPlace.filter((_, index) => [6, 7, 8, 11, 13, 14].includes(index)))
      expect(words).toMatch(/A.*B/u)
  })

  it('say of a step what stayed as it was, and nothing of what did not', () => {
    const step = { label: 'Paste', changeType: null, cells: 3 }
    const none = { reverted: 3, superseded: 0, missing: 0, locked: 0, forbidden: 0 }
    expect(texts.undone(step, none)).toMatch(/Paste.*3/u)
    expect(texts.undone(step, { ...none, reverted: 1, superseded: 2 })).toMatch(/2/u)
    const whys = (['superseded', 'missing', 'locked', 'forbidden'] as const).flatMap((why) => [
      texts.undone(step, { ...none, [why]: 1 }),
      texts.redone(step, { ...none, [why]: 2 }),
    ])
    expect(new Set(whys).size).toBe(whys.length)
  })
})

it('plurals follow the grammar of the language: no cell is singular in French, and plural in English', () => {
  expect(french.syncRefused(0)).toBe('0 modification non enregistrée')
  expect(english.syncRefused(0)).toBe('0 changes not saved')
  expect(french.inboxButton(2)).toBe('Mentions, 2 non lues')
})

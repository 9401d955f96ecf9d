import { describe, expect, it } from 'vitest'
import { english, french } from '@efir/cells/react'

const kinds = ['manual', 'spread', 'import', 'calculation', 'undo', 'redo'] as const
const states = ['connecting', 'catching-up', 'live', 'polling', 'offline', 'closed'] as const

describe.each([english, french])('the texts in $locale', (texts) => {
  it('have a word of its own for every kind of work, and for every state of a sheet', () => {
    for (const words of [kinds.map(texts.historyChangeType), states.map(texts.syncState)]) {
      expect(words.every((word) => word !== '')).toBe(true)
      expect(new Set(words).size).toBe(words.length)
    }
  })

  it('say of a step what stayed as it was, and nothing of what did not', () => {
    const step = { label: 'Paste', changeType: null, cells: 3 }
    const none = { reverted: 3, superseded: 0, missing: 0, locked: 0, forbidden: 0 }
    expect(texts.undone(step, none)).toMatch(/Paste.*3/u)
    expect(texts.undone(step, { ...none, reverted: 1, superseded: 2 })).toMatch(/2/u)
    expect(texts.undone(step, { ...none, superseded: 1 })).not.toBe(
      texts.undone(step, { ...none, locked: 1 }),
    )
  })
})

it('plurals follow the grammar of the language: no cell is singular in French, and plural in English', () => {
  expect(french.syncRefused(0)).toBe('0 modification non enregistrée')
  expect(english.syncRefused(0)).toBe('0 changes not saved')
  expect(french.inboxButton(2)).toBe('Mentions, 2 non lues')
})

import { describe, expect, it } from 'vitest'
import {
  findPeople,
  insertMention,
  mentionAt,
  mentionedIn,
  splitMentions,
} from '../../src/react/parts/mention-query.ts'

const al = { userId: '1', name: 'Al' }
const alice = { userId: '2', name: 'Alice Martin' }
const zoe = { userId: '3', name: 'Zoë Dubois' }
const people = [al, alice, zoe]
const nobodyChosen = new Map<string, string>()

describe('mentions in a comment that is being written', () => {
  it('begin with an @ at the start of a word, and not within an address', () => {
    expect(mentionAt('Ask @Ali', 8)).toEqual({ start: 4, typed: 'Ali' })
    expect(mentionAt('@', 1)).toEqual({ start: 0, typed: '' })
    expect(mentionAt('a@b.example', 11)).toBeNull()
    expect(mentionAt('@Ali\nthen', 9)).toBeNull()
  })

  it('find people by the beginning of any part of their names, without regard to accents', () => {
    expect(findPeople(people, 'zoe', 'en')).toEqual([zoe])
    expect(findPeople(people, 'mar', 'en')).toEqual([alice])
    expect(findPeople(people, 'AL', 'en')).toEqual([al, alice])
    expect(findPeople(people, 'lice', 'en')).toEqual([])
  })

  it('take the place of what was typed', () => {
    const query = mentionAt('Ask @Ali please', 8)!
    expect(insertMention('Ask @Ali please', query, alice.name)).toEqual({
      text: 'Ask @Alice Martin please',
      caret: 18,
    })
  })

  it('call on those whose names still stand there, the longest name first', () => {
    expect(mentionedIn('@Alice Martin and @Zoë Dubois', people, nobodyChosen)).toEqual(['2', '3'])
    expect(mentionedIn('@Al only', people, nobodyChosen)).toEqual(['1'])
    expect(mentionedIn('@Alfred is somebody else', people, nobodyChosen)).toEqual([])
  })

  it('call on the one of two namesakes who was chosen', () => {
    const other = { userId: '9', name: 'Al' }
    expect(mentionedIn('@Al', [al, other], new Map([['Al', '9']]))).toEqual(['9'])
  })

  it('are found in a text whatever signs are in a name', () => {
    expect(splitMentions('Hi @A.(B)* you', ['A.(B)*'])).toEqual([
      { text: 'Hi ', isMention: false },
      { text: '@A.(B)*', isMention: true },
      { text: ' you', isMention: false },
    ])
    expect(splitMentions('plain', [''])).toEqual([{ text: 'plain', isMention: false }])
  })
})

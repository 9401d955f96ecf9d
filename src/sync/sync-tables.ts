import type { Link, Reader } from './sync-state.ts'

// Pure: every event in every state, decided.

export type LinkEvent = 'open' | 'joined' | 'lost' | 'due' | 'wake' | 'online' | 'offline' | 'end'
export type LinkMove = 'stay' | 'join' | 'confirm' | 'fall back' | 'leave' | 'end'

/** What becomes of the stream: every state, every event that concerns it. */
export const linkTable: Readonly<Record<Link, Readonly<Record<LinkEvent, LinkMove>>>> = {
  off: {
    open: 'join',
    joined: 'stay',
    lost: 'stay',
    due: 'stay',
    wake: 'stay',
    online: 'join',
    offline: 'leave',
    end: 'end',
  },
  joining: {
    open: 'stay',
    joined: 'confirm',
    lost: 'fall back',
    due: 'stay',
    wake: 'stay',
    online: 'stay',
    offline: 'leave',
    end: 'end',
  },
  joined: {
    open: 'stay',
    joined: 'confirm',
    lost: 'fall back',
    due: 'stay',
    wake: 'stay',
    online: 'stay',
    offline: 'leave',
    end: 'end',
  },
  backoff: {
    open: 'stay',
    joined: 'stay',
    lost: 'stay',
    due: 'join',
    wake: 'join',
    online: 'join',
    offline: 'leave',
    end: 'end',
  },
  ended: {
    open: 'stay',
    joined: 'stay',
    lost: 'stay',
    due: 'stay',
    wake: 'stay',
    online: 'stay',
    offline: 'stay',
    end: 'stay',
  },
}

export type ReaderEvent = 'changes' | 'page' | 'outdated' | 'failed' | 'due' | 'wake' | 'online' | 'offline'
export type ReaderMove =
  'stay' | 'take changes' | 'take page' | 'look again' | 'fall back' | 'resume' | 'stop'

/** What becomes of the reader. An answer to a question that is not open any more is not heard. */
export const readerTable: Readonly<Record<Reader, Readonly<Record<ReaderEvent, ReaderMove>>>> = {
  idle: {
    changes: 'stay',
    page: 'stay',
    outdated: 'stay',
    failed: 'stay',
    due: 'stay',
    wake: 'stay',
    online: 'stay',
    offline: 'stay',
  },
  changes: {
    changes: 'take changes',
    page: 'stay',
    outdated: 'stay',
    failed: 'fall back',
    due: 'stay',
    wake: 'stay',
    online: 'stay',
    offline: 'stop',
  },
  page: {
    changes: 'stay',
    page: 'take page',
    outdated: 'look again',
    failed: 'fall back',
    due: 'stay',
    wake: 'stay',
    online: 'stay',
    offline: 'stop',
  },
  backoff: {
    changes: 'stay',
    page: 'stay',
    outdated: 'stay',
    failed: 'stay',
    due: 'resume',
    wake: 'resume',
    online: 'resume',
    offline: 'stop',
  },
}

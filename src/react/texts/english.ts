import { pluralIn } from './plural.ts'
import type { CellsTexts, StepName, StepOutcomeCounts } from './texts.ts'

const plural = pluralIn('en')
const cells = (count: number) => plural(count, { one: '# cell', other: '# cells' })

const changeTypes: Readonly<Record<Parameters<CellsTexts['historyChangeType']>[0], string>> = {
  manual: 'Edit',
  spread: 'Spread',
  import: 'Import',
  calculation: 'Calculation',
  undo: 'Undo',
  redo: 'Redo',
}

function stepName({ label, changeType, cells: count }: StepName): string {
  const name = label ?? (changeType === null ? 'the last step' : changeTypes[changeType].toLowerCase())
  return count > 1 ? `${name} (${cells(count)})` : name
}

function stayed({ superseded, missing, locked, forbidden }: StepOutcomeCounts): string {
  const parts = [
    superseded > 0 && `${cells(superseded)} stayed: somebody wrote there later.`,
    missing > 0 && `${cells(missing)} stayed deleted.`,
    locked > 0 && plural(locked, { one: '# cell is locked.', other: '# cells are locked.' }),
    forbidden > 0 && plural(forbidden, { one: '# cell is not yours.', other: '# cells are not yours.' }),
  ]
  return parts.filter((part) => part !== false).join(' ')
}

/** The components' texts in English. The default. */
export const english: CellsTexts = {
  locale: 'en',

  cellName: ({ field, period }) => [field.replaceAll('_', ' '), period].filter(Boolean).join(', '),
  program: 'A program',
  unknownPerson: 'Somebody',
  emptyValue: 'empty',
  deletedValue: 'deleted',
  close: 'Close',
  cancel: 'Cancel',
  save: 'Save',
  tryAgain: 'Try again',
  loading: 'Loading…',
  loadMore: 'Show more',
  problem: (code) => {
    switch (code) {
      case 'invalid':
      case 'unreadable':
        return 'This value is not acceptable.'
      case 'version_conflict':
        return 'Somebody else was faster.'
      case 'locked':
        return 'The cell is locked.'
      case 'lease_lost':
        return 'Somebody else is editing this cell now.'
      case 'forbidden':
        return 'You may not do this.'
      case 'not_found':
        return 'It is not there any more.'
      case 'unauthorized':
        return 'Please sign in again.'
      case 'not_installed':
        return 'The database is not set up for this.'
      case 'rate_limited':
        return 'The server is busy. Please wait a moment.'
      case 'too_large':
        return 'This is too much at once.'
      case 'network':
      case 'timeout':
        return 'The server cannot be reached.'
      case 'storage':
        return 'This browser cannot keep it.'
      case 'server':
      case 'protocol':
      case null:
        return 'Something went wrong.'
    }
  },

  conflictTitle: (cell) => `Two values for ${cell}`,
  conflictExplanation: (name) => `${name} changed this cell while you were editing it. Which value is right?`,
  conflictBase: 'Before',
  conflictMine: 'Yours',
  conflictTheirs: (name) => name,
  conflictBaseNote: 'What you both started from',
  conflictMineNote: 'Not saved yet',
  conflictKeepMine: 'Keep mine',
  conflictTakeTheirs: 'Take theirs',
  conflictEdit: 'Another value…',
  conflictEditLabel: 'Another value',
  conflictEditSave: 'Save this value',
  conflictLater: 'Decide later',
  conflictWaiting: (count) => plural(count, { one: '# more conflict', other: '# more conflicts' }),
  conflictNotANumber: (example) => `Please type a number with at most 4 decimals, such as ${example}.`,

  commentsTitle: (cell) => `Comments on ${cell}`,
  commentsNone: 'No comments yet.',
  commentsNew: 'New comment',
  commentsPlaceholder: 'Write a comment. @ calls on somebody.',
  commentsSend: 'Comment',
  commentsReply: 'Reply',
  commentsReplyPlaceholder: 'Reply…',
  commentsReplyTo: (name) => `Reply to ${name}`,
  commentsEdit: 'Edit',
  commentsEditLabel: 'Edit your comment',
  commentsDelete: 'Delete',
  commentsDeleteQuestion: 'Delete this comment?',
  commentsResolve: 'Resolve',
  commentsReopen: 'Reopen',
  commentsResolved: (name, when) => `Resolved by ${name}, ${when}`,
  commentsReopened: (name, when) => `Reopened by ${name}, ${when}`,
  commentsEdited: 'edited',
  commentsDeleted: 'Deleted by its author.',
  commentsUnread: (count) => plural(count, { one: '# new', other: '# new' }),
  commentsNewMark: 'new',
  commentsShowResolved: (count) =>
    plural(count, { one: 'Show # resolved thread', other: 'Show # resolved threads' }),
  commentsHideResolved: 'Hide resolved threads',
  commentsShowAll: 'Show all of it',
  commentsShowLess: 'Show less',
  commentsThread: (name, when) => `Thread by ${name}, ${when}`,
  commentsTooLong: (over) => plural(over, { one: '# character too many', other: '# characters too many' }),
  commentsMentionList: 'People you can mention',
  commentsMentionCount: (count) => plural(count, { one: '# person', other: '# people' }),
  commentsMentionHint: '↑ ↓ to choose, Enter to mention',

  lockedFor: (reason) => (reason === null ? 'Locked' : `Locked: ${reason}`),
  editedBy: (name) => `${name} is editing`,

  presenceTitle: 'Who is here',
  presenceAlone: 'Nobody else is here.',
  presenceMore: (count) => plural(count, { one: '# more person', other: '# more people' }),
  presencePlace: (mode, cell) =>
    cell === null ? 'Here' : mode === 'editing' ? `Editing ${cell}` : `At ${cell}`,
  presenceIdle: 'away',
  presencePerson: (name, place, isIdle) => `${name}: ${place}${isIdle ? ' (away)' : ''}`,

  undoTitle: 'Undo and redo',
  undoNothing: 'Nothing to undo',
  redoNothing: 'Nothing to redo',
  undoStep: (step) => `Undo ${stepName(step)}`,
  redoStep: (step) => `Redo ${stepName(step)}`,
  undone: (step, outcomes) => `Undone: ${stepName(step)}. ${stayed(outcomes)}`.trim(),
  redone: (step, outcomes) => `Redone: ${stepName(step)}. ${stayed(outcomes)}`.trim(),

  historyTitle: (cell) => `History of ${cell}`,
  historyNone: 'Nothing has been changed here yet.',
  historyRestore: 'Restore',
  historyRestoreValue: (value, when) => `Restore ${value} (${when})`,
  historyRestored: (value) => `Restored: ${value}`,
  historyCurrent: 'Current',
  historyEnd: 'That is all of it.',
  historyAction: (action) =>
    ({
      insert: 'First value',
      update: 'Changed',
      delete: 'Deleted',
      restore: 'Brought back',
      lock: 'Locked',
      unlock: 'Unlocked',
    })[action],
  historyChangeType: (type) => changeTypes[type],
  historyFromTo: (before, after) => `from ${before} to ${after}`,

  syncTitle: 'Connection',
  syncState: (state) =>
    ({
      connecting: 'Connecting…',
      'catching-up': 'Catching up…',
      live: 'Live',
      polling: 'Delayed',
      offline: 'Offline',
      closed: 'Closed',
    })[state],
  syncExplanation: (state) =>
    ({
      connecting: 'Nothing is known yet.',
      'catching-up': 'What may have been missed is being read.',
      live: 'You see every change as it happens.',
      polling: 'You see changes some seconds late.',
      offline: 'What you write is kept, and sent when the server can be reached again.',
      closed: 'Nothing more comes in, and nothing can be written.',
    })[state],
  syncPending: (count) => plural(count, { one: 'Saving # change', other: 'Saving # changes' }),
  syncRefused: (count) => plural(count, { one: '# change not saved', other: '# changes not saved' }),
  syncRefusedTitle: 'Not saved',
  syncRetry: 'Try again',
  syncDiscard: 'Discard',
  syncAllSaved: 'Everything is saved.',
  syncNotKept: 'This browser does not keep unsaved changes: do not close the window before they are sent.',

  inboxTitle: 'Mentions',
  inboxButton: (unread) => (unread === 0 ? 'Mentions' : `Mentions, ${unread} unread`),
  inboxNone: 'Nobody has mentioned you yet.',
  inboxMarkAll: 'Mark all as read',
  inboxMention: (name, cell) => `${name} mentioned you on ${cell}`,
  inboxUnread: 'unread',
  inboxResolved: 'resolved',
}

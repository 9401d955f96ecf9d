import type {
  CellsErrorCode,
  ChangeRecord,
  LoggedChangeType,
  PresenceMode,
  ResolvedAddress,
  StepOutcome,
  SyncStatus,
} from '../../index.ts'

/** A step for undo or redo, as texts speak of it. */
export interface StepName {
  /** What a person called it; `null` where nobody did. */
  readonly label: string | null
  /** What kind of work it was; `null` where that is not known. */
  readonly changeType: LoggedChangeType | null
  /** How many cells it changed. */
  readonly cells: number
}

/** What became of the cells of a step that was undone or redone. */
export type StepOutcomeCounts = Readonly<Record<StepOutcome['status'], number>>

/**
 * Every text that the components show or have spoken. A language is one object of this type; `texts` of the provider
 * replaces some of them, or all.
 *
 * Values that are handed in (`value`, `when`, `name`) are ready to be shown: formatted for the locale, never empty.
 */
export interface CellsTexts {
  /** The language, as BCP 47: numbers and dates are formatted for it where the provider names no other. */
  readonly locale: string

  /** What a cell is called in titles and lists. An entity is an id: replace this to show what it stands for. */
  readonly cellName: (cell: ResolvedAddress) => string
  /** Who wrote where no person did. */
  readonly program: string
  /** Somebody of whom nothing is known but the id. */
  readonly unknownPerson: string
  /** An empty cell's value. */
  readonly emptyValue: string
  /** A deleted cell's value. */
  readonly deletedValue: string
  readonly close: string
  readonly cancel: string
  readonly save: string
  readonly tryAgain: string
  readonly loading: string
  readonly loadMore: string
  /** What went wrong, by the error's code; `null` for an error that is not one of this library's. */
  readonly problem: (code: CellsErrorCode | null) => string

  readonly conflictTitle: (cell: string) => string
  readonly conflictExplanation: (name: string) => string
  /** The column, or row, of the value that both started from. */
  readonly conflictBase: string
  readonly conflictMine: string
  readonly conflictTheirs: (name: string) => string
  /** Beside the value that the user's write was based on. */
  readonly conflictBaseNote: string
  /** Beside the user's own value. */
  readonly conflictMineNote: string
  readonly conflictKeepMine: string
  readonly conflictTakeTheirs: string
  readonly conflictEdit: string
  readonly conflictEditLabel: string
  readonly conflictEditSave: string
  readonly conflictLater: string
  /** How many more conflicts wait behind this one. */
  readonly conflictWaiting: (count: number) => string
  /** What may be typed where a number is asked for; `example` is one in the user's own format. */
  readonly conflictNotANumber: (example: string) => string

  readonly commentsTitle: (cell: string) => string
  readonly commentsNone: string
  readonly commentsNew: string
  readonly commentsPlaceholder: string
  readonly commentsSend: string
  readonly commentsReply: string
  readonly commentsReplyPlaceholder: string
  readonly commentsReplyTo: (name: string) => string
  readonly commentsEdit: string
  readonly commentsEditLabel: string
  readonly commentsDelete: string
  readonly commentsDeleteQuestion: string
  readonly commentsResolve: string
  readonly commentsReopen: string
  readonly commentsResolved: (name: string, when: string) => string
  readonly commentsReopened: (name: string, when: string) => string
  readonly commentsEdited: string
  /** In place of a text that its author took away. */
  readonly commentsDeleted: string
  /** How many comments have not been read. */
  readonly commentsUnread: (count: number) => string
  /** Beside one of those. */
  readonly commentsNewMark: string
  readonly commentsShowResolved: (count: number) => string
  readonly commentsHideResolved: string
  readonly commentsShowAll: string
  readonly commentsShowLess: string
  /** What a thread is called: who began it, and when. */
  readonly commentsThread: (name: string, when: string) => string
  /** That the text is longer than it may be, by so many characters. */
  readonly commentsTooLong: (over: number) => string
  /** The label of the list that `@` opens. */
  readonly commentsMentionList: string
  readonly commentsMentionCount: (count: number) => string
  /** Which keys choose in the list of people. */
  readonly commentsMentionHint: string

  readonly lockedFor: (reason: string | null) => string
  readonly editedBy: (name: string) => string

  readonly presenceTitle: string
  readonly presenceAlone: string
  readonly presenceMore: (count: number) => string
  /** Where somebody is: `cell` is `null` for no cell in particular. */
  readonly presencePlace: (mode: PresenceMode, cell: string | null) => string
  readonly presenceIdle: string
  /** One person in one sentence, for a tooltip and for screen readers. */
  readonly presencePerson: (name: string, place: string, isIdle: boolean) => string

  readonly undoTitle: string
  readonly undo: string
  readonly redo: string
  readonly undoNothing: string
  readonly redoNothing: string
  readonly undoStep: (step: StepName) => string
  readonly redoStep: (step: StepName) => string
  readonly undone: (step: StepName, outcomes: StepOutcomeCounts) => string
  readonly redone: (step: StepName, outcomes: StepOutcomeCounts) => string

  readonly historyTitle: (cell: string) => string
  readonly historyNone: string
  readonly historyRestore: string
  readonly historyRestoreValue: (value: string, when: string) => string
  readonly historyRestored: (value: string) => string
  readonly historyCurrent: string
  readonly historyEnd: string
  readonly historyAction: (action: ChangeRecord['action']) => string
  readonly historyChangeType: (type: LoggedChangeType) => string
  /** From one value to another, for screen readers, who are not told of an arrow. */
  readonly historyFromTo: (before: string, after: string) => string

  readonly syncTitle: string
  readonly syncState: (state: SyncStatus) => string
  readonly syncExplanation: (state: SyncStatus) => string
  readonly syncPending: (count: number) => string
  readonly syncRefused: (count: number) => string
  readonly syncRefusedTitle: string
  readonly syncRetry: string
  readonly syncDiscard: string
  readonly syncAllSaved: string
  /** That writes do not outlive the page, though the application asked for it. */
  readonly syncNotKept: string

  readonly inboxTitle: string
  readonly inboxButton: (unread: number) => string
  readonly inboxNone: string
  readonly inboxMarkAll: string
  readonly inboxMention: (name: string, cell: string) => string
  readonly inboxUnread: string
  readonly inboxResolved: string
}

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
  /** Closes a panel. */
  readonly close: string
  /** Leaves something without doing it. */
  readonly cancel: string
  /** Keeps an edited comment. */
  readonly save: string
  /** Reads again what could not be read. */
  readonly tryAgain: string
  /** While something is read for the first time. */
  readonly loading: string
  /** Reads older records. */
  readonly loadMore: string
  /** What went wrong, by the error's code; `null` for an error that is not one of this library's. */
  readonly problem: (code: CellsErrorCode | null) => string

  /** The title of the conflict dialog. */
  readonly conflictTitle: (cell: string) => string
  /** What happened; `name` is who was faster. */
  readonly conflictExplanation: (name: string) => string
  /** The column, or row, of the value that both started from. */
  readonly conflictBase: string
  /** The user's own value. */
  readonly conflictMine: string
  /** The value of the other; `name` is who wrote it. */
  readonly conflictTheirs: (name: string) => string
  /** Beside the value that the user's write was based on. */
  readonly conflictBaseNote: string
  /** Beside the user's own value. */
  readonly conflictMineNote: string
  /** Writes the user's own value over theirs. */
  readonly conflictKeepMine: string
  /** Lets theirs stand. */
  readonly conflictTakeTheirs: string
  /** Opens the field for a third value. */
  readonly conflictEdit: string
  /** The label of that field. */
  readonly conflictEditLabel: string
  /** Writes the third value. */
  readonly conflictEditSave: string
  /** Puts the decision off. */
  readonly conflictLater: string
  /** How many more conflicts wait behind this one. */
  readonly conflictWaiting: (count: number) => string
  /** What may be typed where a number is asked for; `example` is one in the user's own format. */
  readonly conflictNotANumber: (example: string) => string

  /** The title of the comments of a cell. */
  readonly commentsTitle: (cell: string) => string
  /** There is no open thread. */
  readonly commentsNone: string
  /** The label of the field for a new thread. */
  readonly commentsNew: string
  /** Within that field while it is empty. */
  readonly commentsPlaceholder: string
  /** Begins the thread. */
  readonly commentsSend: string
  /** Opens the field for an answer, and sends it. */
  readonly commentsReply: string
  /** Within that field while it is empty. */
  readonly commentsReplyPlaceholder: string
  /** The label of that field; `name` is who began the thread. */
  readonly commentsReplyTo: (name: string) => string
  /** Opens one's own comment for editing. */
  readonly commentsEdit: string
  /** The label of the field that it is edited in. */
  readonly commentsEditLabel: string
  /** Asks, and then deletes one's own comment. */
  readonly commentsDelete: string
  /** Asks whether to delete it. */
  readonly commentsDeleteQuestion: string
  /** Says that a thread is settled. */
  readonly commentsResolve: string
  /** Says that a settled thread is not. */
  readonly commentsReopen: string
  /** By whom and when a thread was settled. */
  readonly commentsResolved: (name: string, when: string) => string
  /** By whom and when a thread was opened again. */
  readonly commentsReopened: (name: string, when: string) => string
  /** Beside a comment that was edited, in brackets. */
  readonly commentsEdited: string
  /** In place of a text that its author took away. */
  readonly commentsDeleted: string
  /** How many comments have not been read. */
  readonly commentsUnread: (count: number) => string
  /** Beside one of those. */
  readonly commentsNewMark: string
  /** Unfolds the settled threads; `count` is how many there are. */
  readonly commentsShowResolved: (count: number) => string
  /** Folds them again. */
  readonly commentsHideResolved: string
  /** Unfolds a long comment. */
  readonly commentsShowAll: string
  /** Folds it again. */
  readonly commentsShowLess: string
  /** What a thread is called: who began it, and when. */
  readonly commentsThread: (name: string, when: string) => string
  /** That the text is longer than it may be, by so many characters. */
  readonly commentsTooLong: (over: number) => string
  /** The label of the list that `@` opens. */
  readonly commentsMentionList: string
  /** How many people the list has, spoken. */
  readonly commentsMentionCount: (count: number) => string
  /** Which keys choose in the list of people. */
  readonly commentsMentionHint: string

  /** That a cell is locked; `reason` is `null` where none was given. */
  readonly lockedFor: (reason: string | null) => string
  /** That somebody is editing a cell. */
  readonly editedBy: (name: string) => string

  /** The name of the bar and of the list. */
  readonly presenceTitle: string
  /** In place of the faces where there are none. */
  readonly presenceAlone: string
  /** The button that opens the list; `count` is how many have no face in the bar. */
  readonly presenceMore: (count: number) => string
  /** Where somebody is: `cell` is `null` for no cell in particular. */
  readonly presencePlace: (mode: PresenceMode, cell: string | null) => string
  /** Beside somebody in whose windows nothing has moved for a while. */
  readonly presenceIdle: string
  /** One person in one sentence, for a tooltip and for screen readers. */
  readonly presencePerson: (name: string, place: string, isIdle: boolean) => string

  /** The name of the toolbar. */
  readonly undoTitle: string
  /** The label of the button where there is nothing to take back. */
  readonly undoNothing: string
  /** The label of the button where there is nothing to bring back. */
  readonly redoNothing: string
  /** The label of the button: what it would take back. */
  readonly undoStep: (step: StepName) => string
  /** The label of the button: what it would bring back. */
  readonly redoStep: (step: StepName) => string
  /** What became of a step that was taken back. */
  readonly undone: (step: StepName, outcomes: StepOutcomeCounts) => string
  /** What became of a step that was brought back. */
  readonly redone: (step: StepName, outcomes: StepOutcomeCounts) => string

  /** The title of the history of a cell. */
  readonly historyTitle: (cell: string) => string
  /** There is no record. */
  readonly historyNone: string
  /** Writes a record's value again. */
  readonly historyRestore: string
  /** The same, with the value and when it was written, for screen readers. */
  readonly historyRestoreValue: (value: string, when: string) => string
  /** That it was written again, spoken. */
  readonly historyRestored: (value: string) => string
  /** Beside the newest record. */
  readonly historyCurrent: string
  /** Below the oldest record. */
  readonly historyEnd: string
  /** What happened to a cell, where it is more than a changed value. */
  readonly historyAction: (action: ChangeRecord['action']) => string
  /** By what kind of work a value came. */
  readonly historyChangeType: (type: LoggedChangeType) => string
  /** From one value to another, for screen readers, who are not told of an arrow. */
  readonly historyFromTo: (before: string, after: string) => string

  /** The name of the panel. */
  readonly syncTitle: string
  /** How the sheet is doing, in a word or two. */
  readonly syncState: (state: SyncStatus) => string
  /** What that means to the user. */
  readonly syncExplanation: (state: SyncStatus) => string
  /** How many writes are on their way. */
  readonly syncPending: (count: number) => string
  /** How many writes were refused. */
  readonly syncRefused: (count: number) => string
  /** Above the list of those. */
  readonly syncRefusedTitle: string
  /** Writes a refused value again. */
  readonly syncRetry: string
  /** Gives a refused value up. */
  readonly syncDiscard: string
  /** There is nothing on its way, and nothing was refused. */
  readonly syncAllSaved: string
  /** That writes do not outlive the page, though the application asked for it. */
  readonly syncNotKept: string

  /** The title of the list of mentions. */
  readonly inboxTitle: string
  /** The label of the button; `unread` is 0 where all are read. */
  readonly inboxButton: (unread: number) => string
  /** There is no mention. */
  readonly inboxNone: string
  /** Marks all mentions as read. */
  readonly inboxMarkAll: string
  /** Who mentioned the user, and where. */
  readonly inboxMention: (name: string, cell: string) => string
  /** Beside a mention that has not been read, for screen readers. */
  readonly inboxUnread: string
  /** Beside a mention whose thread is settled. */
  readonly inboxResolved: string
}

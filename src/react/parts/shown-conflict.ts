import type { ConflictEvent } from '../../index.ts'

/** A conflict as {@link CellConflictDialog} shows it: one of {@link useConflicts}, or one of your own. */
export type ShownConflict = Pick<ConflictEvent, 'cell' | 'base' | 'mine' | 'isDeletion' | 'theirs'>

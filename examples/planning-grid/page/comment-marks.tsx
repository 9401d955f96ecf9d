import { createContext, use, type ReactNode } from 'react'
import type { CommentCount, VisibleCell } from '@efir/cells'
import { useCommentCounts } from '@efir/cells/react'
import { moduleCode } from './grid-view.ts'

type CountOf = (cell: VisibleCell) => CommentCount | null

const CountContext = createContext<CountOf>(() => null)
const filter = { module: moduleCode }

/** Asks once for the counts of the whole grid, and not once for each cell. */
export function CommentMarks({ children }: { readonly children: ReactNode }) {
  const counts = useCommentCounts(filter)
  return <CountContext value={(cell) => counts.of(cell)}>{children}</CountContext>
}

export const useCountOf = (): CountOf => use(CountContext)

import { ProtocolError } from '../errors.ts'
import type { ResolvedAddress } from '../model/address.ts'
import { address, list, object, type Reader } from '../transport/reader.ts'
import type { OpenChannel } from '../transport/stream.ts'

/** The cells whose comments changed; `all` where it is not known which, or whether. */
export type CommentedCells = readonly ResolvedAddress[] | 'all'

const readCells: Reader<{ readonly cells: ResolvedAddress[] | null }> = object({
  cells: (json, where) => (json === null ? null : list(address)(json, where)),
})

/** The same channel, without what is about comments: that is told here. */
export function commentsApart(
  open: OpenChannel,
  told: (cells: CommentedCells) => void,
): OpenChannel<'comments'> {
  return (budgetVersionId, tell) =>
    open(budgetVersionId, (event) => {
      if (event.type === 'comments') {
        told(toCells(event.said))
        return
      }
      tell(event)
      // What was said before the join was said to others.
      if (event.type === 'joined') told('all')
    })
}

function toCells(said: unknown): CommentedCells {
  if (said === null) return 'all'
  try {
    const { cells } = readCells(said, () => 'comments')
    return cells === null ? 'all' : Object.freeze(cells.map((cell) => Object.freeze(cell)))
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error
    // Nothing that our database says; that somebody said something is no secret.
    return 'all'
  }
}

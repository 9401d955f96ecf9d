import { ProtocolError } from '../../index.ts'
import type { LaneReply } from './lane.ts'

type Problem = readonly [index: number, status: string, more?: string | number | null]

/** Reads what `import_cells` answers. */
export function readImportReply(json: unknown): LaneReply {
  if (!isReply(json)) throw new ProtocolError('import_cells answered in another shape.')
  const { revision, sessionId, created, updated, unchanged } = json
  const problems = json.problems.map(toProblem)
  const counts: Record<string, number> = { created, updated, unchanged }
  for (const { status } of problems) counts[status] = (counts[status] ?? 0) + 1
  return { revision, sessionId, counts, problems: problems.sort((one, other) => one.index - other.index) }
}

interface Reply {
  readonly revision: number
  readonly sessionId: string
  readonly created: number
  readonly updated: number
  readonly unchanged: number
  readonly problems: readonly Problem[]
}

function isReply(json: unknown): json is Reply {
  if (typeof json !== 'object' || json === null) return false
  const { revision, sessionId, created, updated, unchanged, problems } = json as Record<string, unknown>
  return (
    [revision, created, updated, unchanged].every((count) => Number.isInteger(count)) &&
    typeof sessionId === 'string' &&
    Array.isArray(problems) &&
    problems.every((problem) => Array.isArray(problem) && Number.isInteger(problem[0]))
  )
}

function toProblem([index, status, more]: Problem): LaneReply['problems'][number] {
  switch (status) {
    case 'locked':
      return { index, status, reason: `The cell is locked${typeof more === 'string' ? `: ${more}` : ''}.` }
    case 'exists':
      return { index, status, reason: `The cell is there already, at version ${more ?? '?'}.` }
    case 'missing':
      return { index, status, reason: 'There is no such cell.' }
    default:
      throw new ProtocolError(`import_cells answered ${JSON.stringify(status)}.`)
  }
}

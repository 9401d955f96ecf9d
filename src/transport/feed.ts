import type { ResolvedAddress } from '../model/address.ts'
import type { StoredCell } from '../model/cell.ts'
import type { CallOptions, CellFilter, Send } from './port.ts'
import {
  fits,
  isInteger,
  isObject,
  isText,
  isTextOrNull,
  parse,
  unexpected,
  type Check,
  type Where,
} from './shape.ts'
import { encodeFilter, toCell } from './wire.ts'

/** A cell that is not there any more, and the version of its deletion. */
interface GoneCell extends ResolvedAddress {
  readonly id: string
  readonly version: number
}

/** What one transaction did to one budget. Cells are as they were after it. */
export interface Commit {
  readonly revision: number
  readonly operationId: string | null
  readonly actor: string | null
  readonly cells: readonly StoredCell[]
  readonly deleted: readonly GoneCell[]
}

/** An answer of `changes_since`, or a broadcast of the same shape. */
export interface FeedPage {
  /** The budget's newest, as far as the sender knew. */
  readonly revision: number
  readonly from: number
  readonly to: number
  /** The log does not tell: read afresh. */
  readonly resync: boolean
  readonly commits: readonly Commit[]
}

/** Asks for the commits after a revision. */
export function changesSince(
  send: Send,
  budgetVersionId: string,
  revision: number,
  limit: number,
  filter: CellFilter,
  options: CallOptions,
): Promise<FeedPage> {
  const parameters = {
    p_budget_version_id: budgetVersionId,
    p_revision: revision,
    p_limit: limit,
    p_filter: encodeFilter(filter),
  }
  const call = { operation: 'changes_since', budgetVersionId, items: limit, parameters }
  return send({ ...call, decode: decodeFeed }, options)
}

/**
 * @throws {ProtocolError} where it is in another shape: a frame of a channel is as little to be trusted as an answer.
 */
export function decodeFeed(json: unknown): FeedPage {
  const { revision, from, to, resync, commits } = parse<FeedEnvelope>(json, 'changes_since', {
    revision: isRevision,
    from: isRevision,
    to: isRevision,
    resync: (value) => typeof value === 'boolean',
    commits: Array.isArray,
  })
  if (!resync && (to < from || to > revision)) throw unexpected('changes_since: revisions out of order', json)
  let before = from
  return {
    revision,
    from,
    to,
    resync,
    commits: commits.map((commit, index) => {
      const where = () => `changes_since, commits.${index}`
      const read = toCommit(commit, where)
      if (read.revision <= before || read.revision > to) throw unexpected(`${where()}: out of order`, commit)
      before = read.revision
      return read
    }),
  }
}

interface FeedEnvelope {
  revision: number
  from: number
  to: number
  resync: boolean
  commits: unknown[]
}

const isRevision: Check = (value) => isInteger(value) && value >= 0
const goneShape: readonly Check[] = [isText, isText, isTextOrNull, isText, isTextOrNull, isInteger]

function toCommit(json: unknown, where: Where): Commit {
  if (
    !isObject(json) ||
    !isInteger(json.revision) ||
    !isTextOrNull(json.operationId) ||
    !isTextOrNull(json.actor) ||
    !Array.isArray(json.cells) ||
    !Array.isArray(json.deleted)
  ) {
    throw unexpected(where(), json)
  }
  const { revision, operationId, actor, cells, deleted } = json
  return {
    revision,
    operationId,
    actor,
    cells: cells.map((cell) => toCell(cell, where)),
    deleted: deleted.map((gone: unknown) => toGone(gone, where)),
  }
}

function toGone(tuple: unknown, where: Where): GoneCell {
  if (!fits(tuple, goneShape)) throw unexpected(`${where()}: not a deleted cell`, tuple)
  const [id, module, entity, field, period, version] = tuple as GoneTuple
  return { id, module, entity, field, period, version }
}

type GoneTuple = [string, string, string | null, string, string | null, number]

import {
  cellKey,
  isCellsError,
  ValidationError,
  type Cell,
  type CellAddress,
  type StoredCell,
} from '../index.ts'
import type { Batch } from './batches.ts'
import { compare, toCounts } from './dry-run.ts'
import type { BaseRule, ImportLane, LaneCall, LaneReply } from './lane/lane.ts'
import type { ImportItem } from './map/items.ts'
import type { KeySet } from './map/key-set.ts'
import { recordText } from './map/record-text.ts'
import type { ImportSettings } from './options.ts'
import type { RejectSink } from './rejects.ts'
import type { ImportReject, ImportReport } from './report.ts'
import { allowedSource } from './resume/checkpoint.ts'
import { uuidOf } from './resume/identifiers.ts'
import { divided, halved, settled, tallied, type ImportState, type Part } from './resume/import-state.ts'

type Answered = Pick<LaneReply, 'counts' | 'problems'> & Partial<Pick<LaneReply, 'revision' | 'sessionId'>>

/** Cells that one call lists or deletes. */
const mostDeleted = 10_000

/** One run of an import: it sends batches, some at a time, and settles them in their order. */
export class ImportRun {
  readonly #lane: ImportLane
  readonly #settings: ImportSettings
  readonly #rejects: RejectSink
  readonly #onSettled: (state: ImportState) => void
  readonly #rule: BaseRule
  readonly #resumedAt: number
  readonly #flying: { readonly batch: Batch; readonly answers: Promise<readonly Answered[]> }[] = []
  #state: ImportState
  #saving: Promise<void> = Promise.resolve()
  #unnamed = 0

  constructor(
    lane: ImportLane,
    settings: ImportSettings,
    state: ImportState,
    rejects: RejectSink,
    onSettled: (state: ImportState) => void,
  ) {
    this.#lane = lane
    this.#settings = settings
    this.#state = state
    this.#rejects = rejects
    this.#onSettled = onSettled
    this.#rule = settings.mode === 'replace' ? 'upsert' : settings.mode
    this.#resumedAt = state.settled
  }

  get state(): ImportState {
    return this.#state
  }

  /** Sends every batch that is not settled yet. */
  async write(batches: AsyncIterable<Batch>): Promise<void> {
    await this.#save(this.#state)
    try {
      let number = -1
      for await (const batch of batches) {
        number = batch.number
        this.#unnamed += batch.rejects.filter(({ cell }) => cell === null).length
        if (number < this.#resumedAt) {
          if (number === this.#resumedAt - 1 && batch.digest !== this.#state.digest) throw anotherSource()
          continue
        }
        while (this.#flying.length >= this.#settings.connections) await this.#settleOldest()
        const answers = this.#send(batch)
        // Whoever settles it hears of its failure; until then nobody listens.
        answers.catch(() => undefined)
        this.#flying.push({ batch, answers })
      }
      if (number < this.#resumedAt - 1) throw anotherSource()
    } catch (error) {
      // What is on its way may land, and then it counts.
      await this.#settleAll().catch(() => undefined)
      throw error
    }
    await this.#settleAll()
  }

  /** Deletes the cells of the filter that the source has not named. */
  async deleteMissing(seen: KeySet): Promise<void> {
    if (this.#unnamed > 0) {
      throw new ValidationError(
        'source',
        `a source with ${this.#unnamed} records of which nobody knows what they name`,
        'a source in which every record names its cells, for mode replace deletes all others',
      )
    }
    await this.#save({ ...this.#state, phase: 'deleting' })
    const { filter, signal } = this.#settings
    const batchSize = Math.min(this.#settings.batchSize, mostDeleted)
    const cells: StoredCell[] = []
    for await (const page of this.#lane.list(filter, batchSize, signal)) {
      cells.push(...page.cells.filter((cell) => !seen.has(cellKey(cell))))
      while (cells.length >= batchSize) await this.#delete(cells.splice(0, batchSize))
    }
    if (cells.length > 0) await this.#delete(cells)
  }

  async finish(): Promise<void> {
    await this.#save({ ...this.#state, phase: 'done' })
  }

  async #save(next: ImportState): Promise<void> {
    this.#state = next
    const { checkpoint, dryRun } = this.#settings
    if (checkpoint === undefined || dryRun) return
    // One after the other, each with what is known by then.
    this.#saving = this.#saving.then(() => checkpoint.save(JSON.stringify(this.#state)))
    await this.#saving
  }

  async #send({ number, items }: Batch): Promise<readonly Answered[]> {
    if (items.length === 0) return []
    if (this.#settings.dryRun) return [await this.#compare(items)]
    let parts: readonly Part[] = this.#state.parts[number] ?? [[0, items.length]]
    const answers: Answered[] = []
    for (let next = 0, part = parts[0]; part !== undefined; part = parts[next]) {
      const [start, length] = part
      try {
        const call = this.#call(number, start, length)
        const reply = await this.#lane.write(items.slice(start, start + length), this.#rule, call)
        answers.push({
          ...reply,
          problems: reply.problems.map((one) => ({ ...one, index: one.index + start })),
        })
        next++
      } catch (error) {
        if (!isCellsError(error, 'too_large') || length < 2) throw error
        // Once a part may have landed, the whole must never be sent again: after a crash, too.
        parts = halved(parts, part)
        await this.#save(divided(this.#state, number, parts))
      }
    }
    return answers
  }

  async #compare(items: readonly ImportItem[]): Promise<Answered> {
    const cells = await this.#lane.read(items, this.#settings.signal)
    const differences = compare(items, cells, this.#rule)
    for (const difference of differences) await this.#settings.onDifference?.(difference)
    return toCounts(differences)
  }

  async #settleAll(): Promise<void> {
    while (this.#flying.length > 0) await this.#settleOldest()
  }

  async #settleOldest(): Promise<void> {
    const [oldest] = this.#flying
    if (oldest === undefined) return
    try {
      await this.#settle(oldest.batch, await oldest.answers)
      this.#flying.shift()
    } catch (error) {
      // No later batch is settled before this one: who goes on from here sends them all again.
      await Promise.allSettled(this.#flying.map(({ answers }) => answers))
      this.#flying.length = 0
      throw error
    }
  }

  async #settle(batch: Batch, answers: readonly Answered[]): Promise<void> {
    const problems = answers.flatMap((answer) => answer.problems.flatMap((one) => toReject(batch.items, one)))
    const rejects = [...batch.rejects, ...problems].sort((one, other) => (one.line ?? 0) - (other.line ?? 0))
    const rejectBytes = await this.#rejects.write(rejects)
    let state = this.#state
    for (const answer of answers) state = { ...state, ...tallied(state, toTally(answer)) }
    await this.#save(settled(state, batch, rejectBytes))
    this.#onSettled(this.#state)
    this.#checkRejects()
  }

  #checkRejects(): void {
    const { invalid, duplicate, exists, missing, locked, forbidden, conflict } = this.#state.counts
    const rejected = invalid + duplicate + exists + missing + locked + forbidden + conflict
    const { maxRejects } = this.#settings
    if (rejected > maxRejects)
      throw new ValidationError('maxRejects', maxRejects, `as many as are rejected: ${rejected}`)
  }

  async #delete(cells: readonly StoredCell[]): Promise<void> {
    const answer = this.#settings.dryRun ? await this.#foretell(cells) : await this.#deleteParts(cells)
    const rejects = answer.problems.flatMap(({ index, status, reason }) =>
      cells.slice(index, index + 1).map((cell): ImportReject => {
        return { line: null, column: null, status, reason, cell: addressOf(cell), record: '' }
      }),
    )
    const rejectBytes = await this.#rejects.write(rejects)
    await this.#save({ ...this.#state, ...tallied(this.#state, toTally(answer)), rejectBytes })
    this.#onSettled(this.#state)
    this.#checkRejects()
  }

  async #foretell(cells: readonly StoredCell[]): Promise<Answered> {
    const differences = cells.map((before) => {
      const status = before.isLocked ? ('locked' as const) : ('deleted' as const)
      return { status, line: null, cell: addressOf(before), before, after: null }
    })
    for (const difference of differences) await this.#settings.onDifference?.(difference)
    return toCounts(differences)
  }

  async #deleteParts(cells: readonly StoredCell[]): Promise<Answered> {
    try {
      // Named by what it deletes: after a crash the rest of the cells are other batches than these.
      const names = cells.map(({ id, version }) => `${id}/${version}`)
      return await this.#lane.delete(cells, this.#call('delete', ...names))
    } catch (error) {
      if (!isCellsError(error, 'too_large') || cells.length < 2) throw error
      const half = Math.ceil(cells.length / 2)
      const first = await this.#deleteParts(cells.slice(0, half))
      const second = await this.#deleteParts(cells.slice(half))
      const moved = second.problems.map((one) => ({ ...one, index: one.index + half }))
      const deleted = (first.counts.deleted ?? 0) + (second.counts.deleted ?? 0)
      const problems = [...first.problems, ...moved]
      const counts = { ...toCountsOf(problems), deleted }
      return { ...second, counts, problems }
    }
  }

  #call(...words: readonly (string | number)[]): LaneCall {
    const { importId, sessionId, label } = this.#state
    return {
      operationId: uuidOf(importId, ...words),
      session: { id: sessionId, label },
      signal: this.#settings.signal,
    }
  }
}

/** What an import has come to. */
export function toReport(state: ImportState, resumed: boolean, dryRun: boolean): ImportReport {
  const { importId, sessionIds, revision, records, counts } = state
  const wrote = !dryRun && counts.created + counts.updated + counts.deleted > 0
  return {
    importId,
    sessionId: wrote ? (sessionIds[0] ?? null) : null,
    sessionIds: wrote ? sessionIds : [],
    revision,
    records,
    counts,
    resumed,
    dryRun,
  }
}

function anotherSource(): ValidationError {
  return new ValidationError('source', 'another than the checkpoint is of', allowedSource)
}

function toTally({ counts, sessionId, revision }: Answered) {
  return { counts, sessionIds: sessionId === undefined ? [] : [sessionId], revision: revision ?? null }
}

function toReject(
  items: readonly ImportItem[],
  { index, status, reason }: LaneReply['problems'][number],
): readonly ImportReject[] {
  return items.slice(index, index + 1).map(({ record, column, cell }) => ({
    line: record.line,
    column,
    status,
    reason,
    cell,
    record: recordText(record),
  }))
}

function toCountsOf(problems: LaneReply['problems']): LaneReply['counts'] {
  const counts: Record<string, number> = {}
  for (const { status } of problems) counts[status] = (counts[status] ?? 0) + 1
  return counts
}

function addressOf({ module, entity, field, period }: Cell): CellAddress {
  return { module, entity, field, period }
}

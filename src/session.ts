import { ValidationError } from './errors.ts'
import { isStorableText, toUuid } from './model/address.ts'
import { newUuid } from './model/identifier.ts'
import type { SessionId } from './model/ids.ts'

/** A session by its id: one that goes on, in another call, after a reload or on another device. */
export interface SessionName {
  readonly id: SessionId
  /** What a person would call the step, at most 200 characters. Said by the first write; later ones keep it. */
  readonly label?: string | undefined
}

/** What writes cells: a budget. */
export interface CellWriting {
  /** Writes one value. */
  readonly write: (...parameters: never[]) => unknown
  /** Deletes a cell. */
  readonly delete: (...parameters: never[]) => unknown
  /** Writes many in one call. */
  readonly writeMany: (...parameters: never[]) => unknown
}

/**
 * Writes that are one step for undo. Made by {@link Budget.begin} and {@link Budget.session}. It groups; it is no transaction: each write
 * lands, and shows to others, at once. It can be given to any write of its budget as the option `session` too.
 *
 * @example
 * ```ts
 * import type { Budget, Cell } from '@efir/cells'
 *
 * async function clear(budget: Budget, cells: Cell[]) {
 *   using session = budget.begin('Clear')
 *   for (const cell of cells) await session.write(cell, null)
 * }
 * void clear
 * ```
 */
export class Session<Writer extends CellWriting = CellWriting> {
  readonly label: string | undefined
  /** {@link Budget.write}, in this session. */
  readonly write: Writer['write']
  /** {@link Budget.delete}, in this session. */
  readonly delete: Writer['delete']
  /** {@link Budget.writeMany}, in this session. */
  readonly writeMany: Writer['writeMany']
  /** What is sent, always the same, so that a repeat of an operation is one; the database knows where it leads. */
  readonly #begunAs: string
  #id: string
  #committed = false

  /** @internal */
  constructor(writer: Writer, name: string | SessionName | undefined) {
    const { id, label } = name === undefined ? { id: newUuid() } : nameSession(name, newUuid())
    this.#begunAs = this.#id = id
    this.label = label
    const inHere =
      <Name extends keyof CellWriting>(method: Name, place: number): Writer[Name] =>
      (...parameters: unknown[]) => {
        parameters[place] = { ...(parameters[place] as object | undefined), session: this }
        return writer[method](...(parameters as never[]))
      }
    this.write = inHere('write', 2)
    this.delete = inHere('delete', 1)
    this.writeMany = inHere('writeMany', 1)
  }

  /**
   * The id of the step. It is made here, before anything is written, and changes where the step was undone and then went on:
   * what came after the undo is a step of its own.
   */
  get id(): SessionId {
    return this.#id
  }

  /** Ends the session: what was written stays, a write through it is refused from here on. Doing it twice does nothing. */
  commit(): void {
    this.#committed = true
  }

  /** The same as {@link Session.commit}, for `using`. */
  [Symbol.dispose](): void {
    this.commit()
  }

  /** @internal */
  join(): SessionName {
    if (this.#committed) throw new ValidationError('session', this.#id, 'one that has not been committed')
    return { id: this.#begunAs, label: this.label }
  }

  /** @internal */
  follow(id: string): void {
    if (id !== this.#begunAs) this.#id = id
  }
}

/**
 * What a session is called on the wire. A label alone is of a new one, with `newId`.
 *
 * @throws {ValidationError} where the id or the label is not acceptable, or the session was committed.
 */
export function nameSession(session: string | SessionName | Session, newId: string): SessionName {
  if (session instanceof Session) return session.join()
  const { id, label } = typeof session === 'string' ? { id: newId, label: session } : session
  return { id: toUuid(id, 'session.id'), label: label === undefined ? undefined : toLabel(label, 'session') }
}

/** @throws {ValidationError} where it cannot be the label of a step. */
export function toLabel(label: unknown, field: string): string {
  if (typeof label === 'string' && Array.from(label).length <= 200 && isStorableText(label)) return label
  throw new ValidationError(field, label, 'text of at most 200 characters')
}

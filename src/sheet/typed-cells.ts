import type { AnyCell, Cell, NamedAddress, StoredCell, TypedCell, UnreadableCell } from '../model/cell.ts'
import type { ValueOf } from '../modules/field.ts'
import type { Modules } from '../modules/modules.ts'
import { noRules, type ModuleRules } from '../modules/rules.ts'
import type { Defined, Untyped } from '../modules/types.ts'
import type { ExternalStore, VisibleCell } from '../store/facts.ts'

/** A cell of a defined field as it is to be shown. Frozen. */
export interface TypedVisibleCell<Module extends string, Field extends string, Value> extends NamedAddress<
  Module,
  Field
> {
  /** Whether there is a cell to be seen; false also while a deletion is pending. */
  readonly exists: boolean
  readonly kind: 'number' | 'text' | 'empty'
  /** What its field says; `null` for an empty cell or none. */
  readonly value: Value | null
  /** Whether `value` is a write that the database has not confirmed yet. */
  readonly isPending: boolean
  /** The cell as the database confirmed it: what a write is based on. */
  readonly base: TypedCell<Module, Field, Value>
}

/** A cell to be shown that holds what its field cannot read; see {@link UnreadableCell}. Frozen. */
export interface UnreadableVisibleCell<Module extends string = string, Field extends string = string>
  extends
    NamedAddress<Module, Field>,
    Pick<UnreadableCell<Module, Field>, 'kind' | 'value' | 'raw' | 'problem'> {
  readonly exists: true
  readonly isPending: boolean
  readonly base: AnyCell<Module, Field>
}

/** Any cell as it is to be shown, whatever its value is. */
export type AnyVisibleCell<Module extends string = string, Field extends string = string> =
  TypedVisibleCell<Module, Field, unknown> | UnreadableVisibleCell<Module, Field>

/** A cell of a field, as a sheet shows it. */
export type VisibleAt<M extends Modules, Module extends string, Field extends string> =
  Untyped<M> extends true
    ? VisibleCell
    : string extends Module
      ? AnyVisibleCell
      : Module extends keyof Defined<M>
        ? VisibleField<M, Module & string, Field>
        : VisibleCell

/** The same, of modules that are defined. */
export type VisibleField<
  M extends Modules,
  Module extends string,
  Field extends string,
> = Field extends keyof Defined<M>[Module] & string
  ? TypedVisibleCell<Module, Field, ValueOf<Defined<M>[Module][Field]>> | UnreadableVisibleCell<Module, Field>
  : never

/**
 * Cells as the fields of an application's modules show them. What is the same below is the same object here, so that
 * snapshots stay what they are until something changes. Without modules everything is passed on as it is.
 */
export class TypedCells {
  readonly #rules: ModuleRules
  readonly #made = new WeakMap<object, unknown>()
  /** Of each cell that was shown, what it was made of. */
  readonly #below = new WeakMap<object, VisibleCell>()

  constructor(rules: ModuleRules) {
    this.#rules = rules
  }

  /** A cell as it was confirmed. */
  confirmed(cell: Cell): AnyCell {
    return this.#same(cell, () => (cell.exists ? this.#rules.toTyped(cell) : cell))
  }

  /** A cell as it is to be shown. */
  visible(cell: VisibleCell): AnyVisibleCell {
    return this.#same(cell, () => {
      const base = this.confirmed(cell.base)
      const shown = base === cell.base ? cell : Object.freeze({ ...cell, base })
      // Of what a cell is, a field looks at its name and its value.
      const typed = this.#rules.toTyped(shown as object as StoredCell) as object as AnyVisibleCell
      this.#below.set(typed, cell)
      return typed
    })
  }

  /** The cell that one was made of which was shown; of a cell that was not, what it is itself. */
  below(shown: AnyVisibleCell): VisibleCell {
    return this.#below.get(shown) ?? (shown as VisibleCell)
  }

  /** What comes of a write. */
  result(row: Promise<Cell>): Promise<AnyCell> {
    return this.#same(row, () => {
      const result = row.then((cell) => this.confirmed(cell))
      // Who does not listen is told by events, and by the list of pending writes.
      result.catch(() => undefined)
      return result
    })
  }

  list(cells: readonly VisibleCell[]): readonly AnyVisibleCell[] {
    return this.#same(cells, () => Object.freeze(cells.map((cell) => this.visible(cell))))
  }

  /** The store of one cell, as the store of the cell that is shown. */
  cellStore(store: ExternalStore<VisibleCell>): ExternalStore<AnyVisibleCell> {
    return this.#store(store, (cell) => this.visible(cell))
  }

  listStore(store: ExternalStore<readonly VisibleCell[]>): ExternalStore<readonly AnyVisibleCell[]> {
    return this.#store(store, (cells) => this.list(cells))
  }

  #store<Below, Shown>(store: ExternalStore<Below>, show: (snapshot: Below) => Shown): ExternalStore<Shown> {
    return this.#same(store, () => {
      const getSnapshot = () => show(store.getSnapshot())
      return Object.freeze({ subscribe: store.subscribe, getSnapshot, getServerSnapshot: getSnapshot })
    })
  }

  #same<Made>(given: object, make: () => Made): Made {
    if (this.#rules === noRules) return given as Made
    const before = this.#made.get(given)
    if (before !== undefined) return before as Made
    const made = make()
    this.#made.set(given, made)
    return made
  }
}

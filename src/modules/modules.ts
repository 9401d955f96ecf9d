import { ValidationError } from '../errors.ts'
import { resolveAddress, type ResolvedAddress } from '../model/address.ts'
import type { StoredCell, UnreadableCell } from '../model/cell.ts'
import type { CellInput } from '../model/value.ts'
import type { AnyField, FieldDefinition, Presence } from './field.ts'
import type { ModuleRules } from './rules.ts'
import { text } from './text.ts'
import { unreadableCell } from './unreadable.ts'
import { validated } from './validated.ts'

/** Fields by name, by module. */
export type ModuleDefinitions = Readonly<Record<string, Readonly<Record<string, FieldDefinition>>>>

/** An application's modules, as {@link defineModules} made them. `Budget<typeof modules>` is a budget of theirs. */
export class Modules<Definitions extends ModuleDefinitions = ModuleDefinitions> implements ModuleRules {
  readonly definitions: Definitions
  readonly #fields: ReadonlyMap<string, ReadonlyMap<string, AnyField>>

  /** @internal */
  constructor(definitions: Definitions) {
    this.definitions = definitions
    this.#fields = mapOf(definitions, 'modules', (fields, module) =>
      mapOf(fields, `modules.${module}`, (definition, name) => toField(module, name, definition)),
    )
  }

  /** @internal */
  checkAddress(address: ResolvedAddress, path: string): void {
    this.#find(address, path)
  }

  /** @internal */
  toInput(address: ResolvedAddress, value: unknown, path: string): CellInput {
    const member = (name: string) => (path === '' ? name : `${path}.${name}`)
    const field = this.#find(address, member('cell'))
    if (field === undefined || value === null) return value as CellInput
    let stored: string
    try {
      stored = field.format(value as never)
    } catch (cause) {
      const allowed =
        cause instanceof ValidationError ? cause.allowed : `what the field ${address.field} can store`
      throw new ValidationError(member('value'), value, allowed, { cause })
    }
    return field.stored === 'text' ? { text: stored } : stored
  }

  /** @internal */
  toTyped(cell: StoredCell): StoredCell<string, string, unknown> | UnreadableCell {
    const fields = this.#fields.get(cell.module)
    const { kind, value } = cell
    if (fields === undefined || value === null) return cell
    const field = fields.get(cell.field)
    if (field === undefined) return unreadableCell(cell, 'is of no field of its module')
    if (kind !== field.stored)
      return unreadableCell(cell, `is stored as ${kind}, and its field as ${field.stored}`)
    try {
      const typed = field.parse(value)
      return typed === value ? cell : Object.freeze({ ...cell, value: typed })
    } catch (cause) {
      const allowed = cause instanceof ValidationError ? `; allowed: ${cause.allowed}` : ''
      return unreadableCell(cell, `holds what its field cannot read${allowed}`, cause)
    }
  }

  /** The field of an address; none where nothing is known of its module. */
  #find(address: ResolvedAddress, path: string): AnyField | undefined {
    const fields = this.#fields.get(address.module)
    if (fields === undefined) return undefined
    const field = fields.get(address.field)
    if (field === undefined) {
      const names = [...fields.keys()].join(', ')
      throw new ValidationError(`${path}.field`, address.field, `a field of ${address.module}: ${names}`)
    }
    checkPresence(field.period, address.period, 'period', path)
    checkPresence(field.entity, address.entity, 'entity', path)
    return field
  }
}

/**
 * Tells which fields an application's modules have and what their values are, once, for the compiler and for run time:
 * pass the result to {@link createCells} as `modules`. Modules that are not named in it stay usable, untyped.
 *
 * @throws {ValidationError} where a name or a field is not acceptable.
 * @example
 * ```ts
 * import { createClient } from '@supabase/supabase-js'
 * import { boolean, createCells, date, decimal, defineModules, oneOf, text } from '@efir/cells'
 *
 * const modules = defineModules({
 *   revenue: {
 *     tuition_rate_sar: decimal({ scale: 2, period: true, entity: 'optional' }),
 *     status: oneOf(['draft', 'final']),
 *     note: text(),
 *   },
 *   staff: { open: boolean({ entity: true }), since: date({ entity: true }) },
 * })
 * const cells = createCells(createClient('http://127.0.0.1:54321', 'anon-key'), { modules })
 * const budget = cells.budget('0199a3c4-0000-7000-8000-000000000001')
 *
 * async function raise() {
 *   const cell = await budget.read({ module: 'revenue', field: 'tuition_rate_sar', period: '2025-09' })
 *   return await budget.write(cell, '45000.00')
 * }
 * void raise
 * ```
 */
export function defineModules<const Definitions extends ModuleDefinitions>(
  definitions: Definitions,
): Modules<Definitions> {
  return new Modules(definitions)
}

/** The members of an object literal: no name is special, as `constructor` would be in the object itself. */
function mapOf<Given, Made>(
  given: Readonly<Record<string, Given>>,
  path: string,
  make: (member: Given, name: string) => Made,
): ReadonlyMap<string, Made> {
  if (typeof given !== 'object' || (given as unknown) === null) {
    throw new ValidationError(path, given, 'an object: fields by name, by module')
  }
  return new Map(Object.entries(given).map(([name, member]) => [name, make(member, name)]))
}

function toField(module: string, name: string, definition: FieldDefinition): AnyField {
  const path = `modules.${module}.${name}`
  resolveAddress({ module, field: name }, path)
  const given = Object(definition) as FieldDefinition
  const field = '~standard' in given ? validated(text(), given) : given
  const { parse, format, stored, period, entity } = field as Partial<AnyField>
  if (
    typeof parse !== 'function' ||
    typeof format !== 'function' ||
    (stored !== 'number' && stored !== 'text')
  ) {
    throw new ValidationError(
      path,
      definition,
      'a field made by decimal(), text(), custom() and the like, or a schema',
    )
  }
  for (const [part, presence] of Object.entries({ period, entity })) {
    if (presence !== 'optional' && typeof presence !== 'boolean') {
      throw new ValidationError(`${path}.${part}`, presence, "true, false or 'optional'")
    }
  }
  return field
}

function checkPresence(presence: Presence, given: string | null, part: string, path: string): void {
  if (presence === 'optional' || presence === (given !== null)) return
  throw new ValidationError(
    `${path}.${part}`,
    given,
    presence ? 'one: this field requires it' : `none: this field has no ${part}`,
  )
}

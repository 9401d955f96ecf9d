import { ProtocolError } from '../errors.ts'

// Checks of what came over the wire. By hand, in one pass with reading it: see wire.ts.

export type Check = (value: unknown) => boolean
/** Says where in an answer something is; a function, because it is only asked when something is wrong there. */
export type Where = () => string

/** The envelope of an answer, each of its members checked. What else it holds is left out: a newer database may say more. */
export function parse<T>(json: unknown, from: string, shape: Readonly<Record<keyof T, Check>>): T {
  if (!isObject(json)) throw unexpected(`${from}: not an object`, json)
  const known: Record<string, unknown> = {}
  for (const [name, fits] of Object.entries<Check>(shape)) {
    if (!fits(json[name])) throw unexpected(`${from}, ${name}`, json)
    known[name] = json[name]
  }
  return known as T
}

export function isObject(json: unknown): json is Record<string, unknown> {
  return typeof json === 'object' && json !== null && !Array.isArray(json)
}

export function unexpected(where: string, cause: unknown): ProtocolError {
  return new ProtocolError(`An answer is not in the expected shape (${where}).`, {
    cause,
    hint: 'Do the installed migrations and this version of @efir/cells belong together?',
  })
}

export function isText(value: unknown): value is string {
  return typeof value === 'string'
}

export function isTextOrNull(value: unknown): value is string | null {
  return value === null || typeof value === 'string'
}

export function isIndexed(value: unknown): value is [number, ...unknown[]] {
  return Array.isArray(value) && Number.isSafeInteger(value[0])
}

export function fits(tuple: unknown, shape: readonly Check[]): boolean {
  return (
    Array.isArray(tuple) &&
    tuple.length === shape.length &&
    shape.every((check, place) => check(tuple[place]))
  )
}

export function isInteger(value: unknown): value is number {
  return Number.isSafeInteger(value)
}

export function isBoolean(value: unknown): value is boolean {
  return typeof value === 'boolean'
}

export const isValueType = oneOf('input', 'calculated', 'imported')
/** Of a write, or of the undo or redo of a step. */
export const isChangeType = oneOf('manual', 'spread', 'import', 'calculation', 'undo', 'redo')

export function isArrayOf(check: Check): Check {
  return (value) => Array.isArray(value) && value.every(check)
}

export function oneOf<Text extends string>(...texts: readonly Text[]): (value: unknown) => value is Text {
  return (value): value is Text => texts.includes(value as Text)
}

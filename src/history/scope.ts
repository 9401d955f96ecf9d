import { ValidationError } from '../errors.ts'

/** @throws {ValidationError} where it is neither a module's code nor some. */
export function toModules(module: unknown): { readonly module: string | readonly string[] } | null {
  if (module === undefined) return null
  const codes: unknown[] = Array.isArray(module) ? module : [module]
  if (codes.length > 0 && codes.every((code) => typeof code === 'string' && code !== '')) {
    return { module: module as string | readonly string[] }
  }
  throw new ValidationError('module', module, 'the code of a module, or an array of some')
}

import type { Command } from 'commander'
import type { AddressFilter } from '../index.ts'
import { gather } from './command.ts'

/** Which cells, as flags say it; each may be given several times. */
export type FilterFlags = {
  readonly module?: readonly string[]
  readonly entity?: readonly string[]
  readonly field?: readonly string[]
  readonly period?: readonly string[]
}

export function filterFlags(command: Command): Command {
  return command
    .option('--module <code>', 'only cells of this module (again for more)', gather)
    .option('--entity <id>', 'only cells of this entity; "none" for those without', gather)
    .option('--field <code>', 'only cells of this field', gather)
    .option('--period <code>', 'only cells of this period; "none" for those without', gather)
}

export function toFilter({ module, entity, field, period }: FilterFlags): AddressFilter {
  return {
    ...(module && { module }),
    ...(entity && { entity: orNone(entity) }),
    ...(field && { field }),
    ...(period && { period: orNone(period) }),
  }
}

/** How flags say that there is none of something. */
export function orNone(names: readonly string[]): readonly (string | null)[] {
  return names.map((name) => (name === 'none' ? null : name))
}

import { Budget } from './budget.ts'
import { ValidationError } from './errors.ts'
import { toUuid } from './model/address.ts'
import { resolveOptions, type CellsOptions } from './options.ts'
import { supabaseTransport, type AnySupabaseClient } from './transport/supabase.ts'

/** The entry to every budget that the signed-in user may see. Made by {@link createCells}. */
export interface Cells {
  /**
   * One budget version. Nothing is fetched yet; calling it twice is cheap.
   *
   * @throws {ValidationError} where the id is not a UUID.
   */
  budget(budgetVersionId: string): Budget
}

/**
 * Planning cells on top of a supabase-js client: its URL, its key and its signed-in user are used as they are.
 *
 * @throws {ValidationError} where an option is not acceptable.
 * @example
 * ```ts
 * import { createClient } from '@supabase/supabase-js'
 * import { createCells } from '@efir/cells'
 *
 * const supabase = createClient('http://127.0.0.1:54321', 'anon-key')
 * const cells = createCells(supabase)
 * const budget = cells.budget('0199a3c4-0000-7000-8000-000000000001')
 * void budget
 * ```
 */
export function createCells(supabase: AnySupabaseClient, options: CellsOptions = {}): Cells {
  if (typeof (supabase as Partial<AnySupabaseClient> | undefined)?.schema !== 'function') {
    throw new ValidationError(
      'supabase',
      supabase,
      'a client made by createClient() of @supabase/supabase-js',
    )
  }
  const { databaseSchema } = resolveOptions(options)
  const transport = supabaseTransport(supabase, databaseSchema)
  return { budget: (budgetVersionId) => new Budget(toUuid(budgetVersionId, 'budgetVersionId'), transport) }
}

import { ValidationError } from './errors.ts'

/** Settings of {@link createCells}. */
export interface CellsOptions {
  /**
   * The database schema that the migrations were rendered for.
   * @default 'efir_budget'
   */
  readonly databaseSchema?: string
}

export interface ResolvedOptions {
  readonly databaseSchema: string
}

export function resolveOptions(options: CellsOptions): ResolvedOptions {
  const { databaseSchema = 'efir_budget' } = options
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(databaseSchema)) {
    throw new ValidationError(
      'databaseSchema',
      databaseSchema,
      'an unquoted Postgres identifier, such as efir_budget',
    )
  }
  return { databaseSchema }
}

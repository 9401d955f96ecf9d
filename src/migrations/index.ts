/**
 * The database's side of `@efir/cells`: numbered SQL migrations, bundled as text, and what applies them.
 * Needs no driver and no Node module; see {@link Query}.
 *
 * @module
 */
export { bundle, type Migration } from './bundle.ts'
export { MigrationError, type MigrationErrorCode } from './errors.ts'
export { migrate, type MigrateOptions, type MigrateProgress, type MigrateResult } from './migrate.ts'
export type { Query } from './query.ts'

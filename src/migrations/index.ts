/**
 * The database's side of `@efir/cells`: numbered SQL migrations, bundled as text, and what applies them.
 * Needs no driver and no Node module; see {@link Query}.
 *
 * @module
 */
export type {
  AdoptionReport,
  AdoptOptions,
  DuplicateCell,
  DuplicateGroup,
  Obstacle,
  Repair,
  RowCount,
} from './adopt/report.ts'
export { bundle, type Migration } from './bundle.ts'
export { migrateDown, type MigrateDownOptions, type MigrateDownResult } from './down.ts'
export { MigrationError, type MigrationErrorCode } from './errors.ts'
export {
  migrate,
  migrate as migrateUp,
  type MigrateOptions,
  type MigrateProgress,
  type MigrateResult,
} from './migrate.ts'
export type { Query } from './query.ts'
export {
  renderSql,
  supabaseFiles,
  type MigrationFile,
  type RenderedMigration,
  type RenderOptions,
} from './render.ts'
export { migrationStatus, type MigrationState, type MigrationStatus } from './status.ts'
export type { VerifyCheck } from './verify/checks.ts'
export { verify, type VerifyResult } from './verify/verify.ts'

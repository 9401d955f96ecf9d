import type { Migration } from './bundle.ts'
import { checksum } from './checksum.ts'
import { MigrationError } from './errors.ts'
import type { Recorded } from './history.ts'

/** A migration of the bundle, with the checksum of its up file and whether the database has it. */
export type Planned = Migration & { readonly checksum: string; readonly recorded: Recorded | undefined }

/**
 * Lays the history beside the bundle. Gives every migration that is wanted or recorded, in order; throws where the
 * two contradict each other, for then nobody can say what applying the rest would do.
 */
export async function plan(
  bundle: readonly Migration[],
  history: readonly Recorded[],
  options: { host: boolean },
): Promise<readonly Planned[]> {
  const recorded = new Map(history.map((entry) => [entry.name, entry]))
  const known = new Set(bundle.map((migration) => migration.name))
  const unknown = history.filter((entry) => !known.has(entry.name)).map((entry) => entry.name)
  if (unknown.length > 0) {
    throw new MigrationError(
      'database_newer',
      `The database has ${unknown.join(', ')}, which this version of @efir/cells does not know. Update the package.`,
      { file: `${String(unknown[0])}.up.sql` },
    )
  }
  const planned = await Promise.all(
    bundle.map(async (migration) => ({
      ...migration,
      checksum: await checksum(migration.up),
      recorded: recorded.get(migration.name),
    })),
  )
  for (const migration of planned) {
    if (migration.recorded === undefined || migration.recorded.checksum === migration.checksum) continue
    throw new MigrationError(
      'checksum_mismatch',
      `${migration.name} was applied in another form (recorded ${migration.recorded.checksum.slice(0, 12)}…, ` +
        `bundled ${migration.checksum.slice(0, 12)}…). A released migration never changes: install the version of ` +
        '@efir/cells that applied it.',
      { file: `${migration.name}.up.sql` },
    )
  }
  const wanted = planned.filter(
    (migration) => migration.optional === undefined || options.host || migration.recorded !== undefined,
  )
  const lastRecorded = wanted.findLastIndex((migration) => migration.recorded !== undefined)
  const gap = wanted.slice(0, Math.max(lastRecorded, 0)).find((migration) => migration.recorded === undefined)
  if (gap !== undefined) {
    throw new MigrationError(
      gap.optional === 'host' ? 'host_exists' : 'out_of_order',
      gap.optional === 'host'
        ? `${gap.name} makes the tables that this database already has from elsewhere. Leave out the host option.`
        : `${gap.name} is missing, while later migrations are recorded. The record was edited, or restored in part.`,
      { file: `${gap.name}.up.sql` },
    )
  }
  return wanted
}

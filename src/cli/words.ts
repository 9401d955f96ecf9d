import type {
  AdoptionReport,
  MigrateProgress,
  MigrateResult,
  MigrationStatus,
  VerifyResult,
} from '../migrations/index.ts'

/** What people read, as lines. */
export function progressWords(event: MigrateProgress): string {
  switch (event.type) {
    case 'waiting':
      return 'another process is migrating: waiting for it'
    case 'retrying':
      return `the tables are in use (${event.reason}): trying again`
    case 'warning':
      return `warning: ${event.message}`
    case 'applying':
      return `${event.name} (${event.number} of ${event.of})`
    case 'adopted':
      return `  adopted: ${event.report.repairs.length} repairs`
    case 'applied':
      return `  applied in ${seconds(event.milliseconds)}`
    case 'indexing':
      return `  building ${event.index}`
    case 'indexed':
      return `  built ${event.index} in ${seconds(event.milliseconds)}`
  }
}

export function migrateWords(result: MigrateResult, isDryRun: boolean): string[] {
  const adoption = result.adoption === undefined ? [] : adoptionWords(result.adoption, isDryRun)
  if (isDryRun) {
    const pending =
      result.pending.length === 0 ? ['Nothing is pending.'] : ['Would apply:', ...indented(result.pending)]
    return [...pending, ...adoption]
  }
  const { applied, schema, current } = result
  return [
    applied.length === 0
      ? `${schema} is up to date (${current.length} migrations).`
      : `Applied ${applied.length} of ${current.length} migrations to ${schema}.`,
    ...adoption,
  ]
}

function adoptionWords(report: AdoptionReport, isDryRun = false): string[] {
  const { counts, obstacles, duplicates, repairs, kept } = report
  const by =
    report.source === 'alembic' ? `Alembic (${report.alembicVersion ?? 'no version'})` : 'something else'
  return [
    `The three tables were made by ${by}; ${report.unchanged} objects are as they should be.`,
    `${isDryRun ? 'Would repair' : 'Repaired'}:`,
    ...indented(repairs.map(({ object, reason }) => `${object}: ${reason}`)),
    ...(kept.length === 0 ? [] : ["The application's own, kept:", ...indented(kept)]),
    ...(duplicates.length === 0 ? [] : ['Cells that share a key:', ...indented(duplicateWords(report))]),
    ...(obstacles.length === 0
      ? []
      : [
          'For you to decide first:',
          ...indented(obstacles.map((each) => `${each.object}: ${each.message}. ${each.hint}`)),
        ]),
    'Rows before and after:',
    ...indented(Object.entries(counts).map(([table, { before, after }]) => `${table}: ${before} → ${after}`)),
    ...(report.movedCells === 0
      ? []
      : [
          `${report.movedCells} cells ${isDryRun ? 'would move' : 'moved'} to cells_adoption_duplicates, ` +
            `${report.movedComments} comments to the cells that stay.`,
        ]),
  ]
}

/** What an adoption was refused for, beyond the message. */
export function refusalWords(report: AdoptionReport): string[] {
  return report.duplicates.length === 0
    ? []
    : ['Cells that share a key:', ...indented(duplicateWords(report))]
}

/** A terminal is no place for thousands of them; --json has all. */
const shown = 50

function duplicateWords({ duplicates }: AdoptionReport): string[] {
  const lines = duplicates.slice(0, shown).map((group) => {
    const key = [group.module, group.entity ?? '–', group.field, group.period ?? '–'].join(' / ')
    const cells = group.cells.map(
      ({ id, number, text, version }) => `${id} = ${number ?? text ?? 'empty'} (version ${version ?? '–'})`,
    )
    return `${key} in budget ${group.budgetVersionId}: ${cells.join(', ')}; newest ${group.keeps}`
  })
  return duplicates.length > shown
    ? [...lines, `… and ${duplicates.length - shown} more (--json lists all)`]
    : lines
}

export function statusWords(status: MigrationStatus): string[] {
  const width = Math.max(...status.migrations.map(({ name }) => name.length))
  return [
    `${status.schema}: ${status.state}`,
    ...status.migrations.map(({ name, state, appliedAt, note, pendingIndexes }) =>
      [
        `  ${name.padEnd(width)}`,
        state.replace('_', ' ').padEnd(10),
        appliedAt ?? '',
        note === undefined ? '' : `(${note})`,
        pendingIndexes.length === 0 ? '' : `(to be built: ${pendingIndexes.join(', ')})`,
      ]
        .filter((part) => part !== '')
        .join('  ')
        .trimEnd(),
    ),
  ]
}

export function verifyWords({ checks, ok, schema }: VerifyResult): string[] {
  const lines = checks.flatMap((check) => {
    const mark = check.ok ? 'ok  ' : check.severity === 'error' ? 'FAIL' : 'warn'
    const detail = check.ok
      ? []
      : [
          `       expected: ${check.expected}`,
          ...(check.hint === undefined ? [] : [`       → ${check.hint}`]),
        ]
    return [`${mark}  ${check.check}: ${check.found}`, ...detail]
  })
  return [
    ...lines,
    ok ? `${schema} is as the migrations make it.` : `${schema} is not as the migrations make it.`,
  ]
}

const indented = (lines: readonly string[]) => lines.map((line) => `  ${line}`)
const seconds = (milliseconds: number) => `${(milliseconds / 1000).toFixed(2)} s`

import { bundle, type Migration } from '../bundle.ts'
import { checksum } from '../checksum.ts'
import { compare, describe, parseDescription } from '../describe/description.ts'
import { MigrationError } from '../errors.ts'
import { recordApplied, tableExists } from '../history.ts'
import { separateIndexes, type PendingIndex } from '../indexes.ts'
import { queryText, type Query } from '../query.ts'
import committedSchema from '../schema.sql'
import { count } from './column-repairs.ts'
import { findDuplicates, findReferences, moveDuplicates, tellingColumns } from './duplicates.ts'
import { inspect } from './inspect.ts'
import type { AdoptionReport, AdoptOptions, DuplicateGroup, Obstacle, Repair } from './report.ts'
import { adoptedTables, ofAdoptedTables, rehearseShape, type AdoptedTable } from './shape.ts'

/** The migration whose tables an application may have made by itself. */
export const adoptable = '009_planning_cells_writeback'

/**
 * Whether the tables of migration 009 are there without a record of it. Throws `unrecorded` where they are there in
 * part only, or where tables of later migrations are there too: then the record was lost, and nothing can be told.
 */
export async function needsAdoption(query: Query, schema: string): Promise<boolean> {
  const present: string[] = []
  for (const table of adoptedTables) if (await tableExists(query, schema, table)) present.push(table)
  const later: string[] = []
  for (const table of laterTables()) if (await tableExists(query, schema, table)) later.push(table)
  if (present.length === 0 && later.length === 0) return false
  if (present.length === adoptedTables.length && later.length === 0) return true
  throw new MigrationError(
    'unrecorded',
    later.length > 0
      ? `${schema} has ${later.join(', ')}, but no record of the migrations that made it. Restore ${schema}.cells_migrations.`
      : `${schema} has ${present.join(', ')}, but not all of ${adoptedTables.join(', ')}: this is no database to go on from.`,
  )
}

function laterTables(): string[] {
  const known: readonly string[] = [...adoptedTables, 'cells_migrations']
  return [...parseDescription(committedSchema).keys()]
    .map((object) => /^table (\w+)$/.exec(object)?.[1])
    .filter((table): table is string => table !== undefined && !known.includes(table))
}

/** Looks at the tables and says what adopting them would mean. Changes nothing; call it in a transaction. */
export async function inspectAdoption(
  query: Query,
  schema: string,
  options: AdoptOptions,
): Promise<AdoptionReport> {
  return (await look(query, schema, options)).report
}

/**
 * Brings tables made elsewhere to the form of migration 009, and records that. Call it in a transaction, under the
 * lock. Throws `adoption_refused`, having changed nothing, where something is for the application to decide.
 */
export async function adopt(
  query: Query,
  schema: string,
  options: AdoptOptions & { concurrently: boolean },
): Promise<AdoptionReport> {
  // Whole and at once: taking stronger locks one by one is how deadlocks are made, and the counts must hold still.
  await query(
    `LOCK TABLE ${adoptedTables.map((table) => `${schema}.${table}`).join(', ')} IN ACCESS EXCLUSIVE MODE`,
  )
  const { report, inspection, wanted } = await look(query, schema, options)
  if (report.obstacles.length > 0) throw refusal(report)

  await runAll(query, inspection.drops)
  await runAll(query, inspection.columns)
  const moved = report.duplicates.length > 0 ? await moveDuplicates(query, schema) : { cells: 0, comments: 0 }
  const { now, pending } = options.concurrently
    ? putOff(inspection.additions)
    : { now: inspection.additions, pending: [] }
  await runAll(query, now)

  await assertShape(query, schema, wanted, [
    ...pending.map(({ table, name }) => `index ${table}.${name}`),
    ...inspection.left,
  ])
  const counts = await countRows(query, schema, report, moved.cells)
  const { file, migration } = writeback()
  await recordApplied(query, schema, {
    name: migration.name,
    checksum: await checksum(migration.up),
    note: `adopted (${report.source}${report.alembicVersion === undefined ? '' : ` ${report.alembicVersion}`}): ${file} was not run`,
    pendingIndexes: pending,
  })
  return { ...report, movedCells: moved.cells, movedComments: moved.comments, counts }
}

async function look(query: Query, schema: string, options: AdoptOptions) {
  const { migration, host } = writeback()
  const wanted = await rehearseShape(query, schema, host, migration)
  const found = ofAdoptedTables(await describe(query, schema))
  const inspection = await inspect(query, schema, wanted, found, { ...options, replacedLater })
  const alembicVersion = await readAlembicVersion(query, schema)

  const missing = tellingColumns.filter((column) => !found.has(column))
  const duplicates = missing.length > 0 ? [] : await findDuplicates(query, schema)
  const losers = duplicates.flatMap((group) => group.cells.filter((cell) => cell.id !== group.keeps))
  const obstacles = [
    ...inspection.obstacles,
    ...missing.map((object) => ({
      object,
      message: 'is missing, and without it nobody can tell whether cells share a key',
      hint: 'Add it first, with what it should hold in the rows that are there.',
    })),
    ...(await duplicateObstacles(query, schema, duplicates, options)),
  ]

  const before = await countAll(query, schema)
  const after = (table: AdoptedTable) =>
    before[table] - (table === 'planning_cells' && options.duplicates === 'keep-newest' ? losers.length : 0)
  const report: AdoptionReport = {
    source: alembicVersion === undefined ? 'unknown' : 'alembic',
    alembicVersion: alembicVersion === '' ? undefined : alembicVersion,
    unchanged: [...wanted].filter(([object, definition]) => found.get(object) === definition).length,
    repairs: [...inspection.drops, ...inspection.columns, ...inspection.additions],
    kept: inspection.kept,
    left: inspection.left,
    obstacles,
    duplicates,
    movedCells: options.duplicates === 'keep-newest' ? losers.length : 0,
    movedComments:
      options.duplicates === 'keep-newest' ? losers.reduce((sum, { comments }) => sum + comments, 0) : 0,
    counts: {
      planning_cells: { before: before.planning_cells, after: after('planning_cells') },
      cell_changes: { before: before.cell_changes, after: after('cell_changes') },
      cell_comments: { before: before.cell_comments, after: after('cell_comments') },
    },
  }
  return { report, inspection, wanted }
}

/** Whether a migration after 009 drops the index: then building it would be work for nothing. */
function replacedLater(index: string): boolean {
  const drop = new RegExp(`\\bDROP INDEX (?:IF EXISTS )?\\w+\\.${index}\\b`, 'i')
  const position = bundle.findIndex(({ name }) => name === adoptable)
  return bundle.slice(position + 1).some(({ up }) => drop.test(up))
}

async function duplicateObstacles(
  query: Query,
  schema: string,
  duplicates: readonly DuplicateGroup[],
  options: AdoptOptions,
): Promise<Obstacle[]> {
  if (duplicates.length === 0) return []
  const object = 'constraint planning_cells.uq_planning_cell'
  if (options.duplicates !== 'keep-newest') {
    const cells = duplicates.reduce((sum, group) => sum + group.cells.length, 0)
    return [
      {
        object,
        message: `${cells} cells share ${duplicates.length} keys (without an entity or a period, plain UNIQUE let them in)`,
        hint: "Look through them, or say duplicates: 'keep-newest': the others move to cells_adoption_duplicates, none is dropped.",
      },
    ]
  }
  const references = await findReferences(query, schema)
  return references.map((reference) => ({
    object,
    message: `${reference} point at cells that would have to move`,
    hint: 'Point them at the cell that stays (see the list of duplicates) first.',
  }))
}

/** Index builds that can wait until the transaction is over. */
function putOff(additions: readonly Repair[]): { now: readonly Repair[]; pending: readonly PendingIndex[] } {
  const pending: PendingIndex[] = []
  const now = additions.filter((addition) => {
    const { indexes } = separateIndexes(`${addition.statement};`, () => true)
    pending.push(...indexes)
    return indexes.length === 0
  })
  return { now, pending }
}

async function runAll(query: Query, repairs: readonly Repair[]): Promise<void> {
  for (const { object, statement } of repairs) {
    try {
      await query(statement)
    } catch (cause) {
      const message = cause instanceof Error ? cause.message : String(cause)
      throw new MigrationError('failed', `Adopting ${object} failed: ${message} (${statement})`, { cause })
    }
  }
}

/** What was planned is not believed but looked at: after the repairs only what was kept may differ from 009. */
async function assertShape(
  query: Query,
  schema: string,
  wanted: ReadonlyMap<string, string>,
  butFor: readonly string[],
): Promise<void> {
  const found = ofAdoptedTables(await describe(query, schema))
  const wrong = compare(wanted, found).filter(
    ({ object, expected }) =>
      expected !== undefined && !butFor.includes(object) && !object.startsWith('table '),
  )
  const [first] = wrong
  if (first === undefined) return
  throw new MigrationError(
    'failed',
    `Adopting did not lead to the form of ${adoptable}: ${wrong.map(({ object }) => object).join(', ')} ` +
      `(${first.object} is ${first.found ?? 'missing'}, wanted ${first.expected ?? 'none'}).`,
  )
}

async function countRows(query: Query, schema: string, report: AdoptionReport, moved: number) {
  const now = await countAll(query, schema)
  const counts = {
    planning_cells: { before: report.counts.planning_cells.before, after: now.planning_cells },
    cell_changes: { before: report.counts.cell_changes.before, after: now.cell_changes },
    cell_comments: { before: report.counts.cell_comments.before, after: now.cell_comments },
  }
  const isWhole =
    counts.planning_cells.before === counts.planning_cells.after + moved &&
    counts.cell_changes.before === counts.cell_changes.after &&
    counts.cell_comments.before === counts.cell_comments.after
  if (!isWhole) {
    throw new MigrationError('failed', `Adopting lost rows, and was undone: ${JSON.stringify(counts)}`)
  }
  return counts
}

async function countAll(query: Query, schema: string): Promise<Record<AdoptedTable, number>> {
  return {
    planning_cells: await count(query, `${schema}.planning_cells`, 'true'),
    cell_changes: await count(query, `${schema}.cell_changes`, 'true'),
    cell_comments: await count(query, `${schema}.cell_comments`, 'true'),
  }
}

/** Alembic's own record, wherever it keeps it; `''` where it is there and says nothing or may not be read. */
async function readAlembicVersion(query: Query, schema: string): Promise<string | undefined> {
  for (const table of [`${schema}.alembic_version`, 'public.alembic_version']) {
    const readable = await queryText(
      query,
      `SELECT pg_catalog.has_table_privilege(pg_catalog.to_regclass($1::text), 'SELECT')::text`,
      [table],
    )
    if (readable === 'true') {
      return (await queryText(query, `SELECT version_num::text FROM ${table} LIMIT 1`)) ?? ''
    }
    if (readable === 'false') return ''
  }
  return undefined
}

function refusal(report: AdoptionReport): MigrationError {
  const list = report.obstacles.map(({ object, message, hint }) => `- ${object}: ${message}. ${hint}`)
  return new MigrationError(
    'adoption_refused',
    `The tables were made elsewhere and cannot be taken over as they are; nothing was changed.\n${list.join('\n')}`,
    { adoption: report },
  )
}

function writeback(): { migration: Migration; host: Migration; file: string } {
  const migration = bundle.find(({ name }) => name === adoptable)
  const host = bundle.find(({ optional }) => optional === 'host')
  if (migration === undefined || host === undefined) throw new Error(`The bundle lacks ${adoptable}.`)
  return { migration, host, file: `${adoptable}.up.sql` }
}

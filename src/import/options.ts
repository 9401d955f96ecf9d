import { ValidationError, type Cell, type CellAddress, type CellFilter, type CellInput } from '../index.ts'
import type { ImportLane } from './lane/lane.ts'
import type { ImportColumns } from './map/columns.ts'
import { numeralReader, type ReadNumeral } from './map/numeral.ts'
import type { OpenableSource, SourceFormat } from './read/source.ts'
import type { ImportProgress, ImportReject } from './report.ts'
import { checkpointFile, type Checkpoint } from './resume/checkpoint.ts'
import { digestOf } from './resume/identifiers.ts'

/** What happens to cells that are there already, and to those that are not. */
export type ImportMode =
  /** Only cells that are not there yet; others are reported. */
  | 'insert'
  /** Only cells that are there; others are reported. */
  | 'update'
  /** Both. */
  | 'upsert'
  /** Both, and then the cells of `filter` that the source does not name, or leaves empty, are deleted. */
  | 'replace'

/** What a dry run found out about one cell. */
export interface ImportDifference {
  readonly status: 'created' | 'updated' | 'unchanged' | 'deleted' | 'exists' | 'missing' | 'locked'
  /** Where the source names the cell; `null` for one that it does not name. */
  readonly line: number | null
  readonly cell: CellAddress
  /** As it is now. */
  readonly before: Cell
  /** What the import would write; `null` empties or deletes. */
  readonly after: CellInput
}

/** Settings of {@link importCells}. */
export interface ImportOptions {
  /**
   * What the source is: `csv` (any separator), `ndjson` (one JSON object a line), `xlsx`, or `cells`: objects.
   * @default told by the file's ending; `cells` for an iterable that is no stream
   */
  readonly format?: SourceFormat | undefined
  /**
   * Which column is what.
   * @default as exportCells() writes them: module, field, value, and where they are there entity, period and kind
   */
  readonly columns?: ImportColumns | undefined
  /**
   * The language whose numbers the source has, such as `de-CH`, or `exact` for digits and a decimal point. With none
   * named, numbers that can be read in two ways, such as `1.234`, are rejected.
   * @default 'exact' for `ndjson`, `cells` and files of exportCells(); none for others
   */
  readonly locale?: string | undefined
  /** @default 'upsert' */
  readonly mode?: ImportMode | undefined
  /** Mode `replace` deletes cells, and only with this. */
  readonly deleteMissing?: true | undefined
  /** For mode `replace`: the cells that the source is to be all of. `{}` is the whole budget. */
  readonly filter?: CellFilter | undefined
  /** Writes nothing, counts what would be written, and tells `onDifference` and `rejects`. */
  readonly dryRun?: boolean | undefined
  /** Called for every cell in a dry run, in the order of the source; a promise is waited for. */
  readonly onDifference?: ((difference: ImportDifference) => void | Promise<void>) | undefined
  /**
   * Cells in one call, 1 to 10,000; straight to the database to 100,000.
   * @default 5000; straight to the database 10000
   */
  readonly batchSize?: number | undefined
  /**
   * Calls at the same time, 1 to 8.
   * @default 2
   */
  readonly connections?: number | undefined
  /**
   * Where the import remembers how far it is, so that after a crash the same call goes on and every cell is written
   * once: the name of a file, or a place of your own. A finished import leaves it behind, and the same call again does
   * nothing; remove it to import again.
   */
  readonly checkpoint?: string | URL | Checkpoint | undefined
  /**
   * Where records go that are not imported: a file (`.ndjson`, else CSV), which is written anew, or a function, which
   * after a crash may be told twice.
   */
  readonly rejects?: string | URL | ((reject: ImportReject) => void | Promise<void>) | undefined
  /**
   * Ends the import when more records than this are rejected.
   * @default none
   */
  readonly maxRejects?: number | undefined
  /** Ends the import, wherever it is, with the signal's reason. What has landed stays; with a checkpoint it can go on. */
  readonly signal?: AbortSignal | undefined
  /** Called after every batch. */
  readonly onProgress?: ((progress: ImportProgress) => void) | undefined
  /**
   * What the step for undo is called, at most 200 characters.
   * @default 'Import', with the name of the file
   */
  readonly session?: string | undefined
  /**
   * Of a text without byte order mark, a label of the Encoding Standard.
   * @default 'utf-8'
   */
  readonly encoding?: string | undefined
  /**
   * What separates the fields of a `csv` source.
   * @default told by the first line
   */
  readonly delimiter?: string | undefined
  /**
   * The names of the columns of a `csv` source that does not have them in its first line.
   * @default the first line
   */
  readonly header?: readonly string[] | undefined
  /**
   * Which sheet of an `xlsx` source.
   * @default the first
   */
  readonly sheet?: string | undefined
}

/** {@link ImportOptions} with nothing left open. */
export interface ImportSettings extends Pick<
  ImportOptions,
  'encoding' | 'delimiter' | 'header' | 'sheet' | 'signal' | 'onProgress' | 'onDifference' | 'rejects'
> {
  /** `undefined`: as exportCells() writes them. */
  readonly columns: ImportColumns | undefined
  readonly readNumeral: ReadNumeral
  readonly mode: ImportMode
  readonly filter: CellFilter
  readonly dryRun: boolean
  readonly batchSize: number
  readonly connections: number
  readonly checkpoint: Checkpoint | undefined
  readonly maxRejects: number
  readonly label: string
  /** Stands for all that decides which batches the source becomes, and what they do. */
  readonly digest: string
}

const modes: readonly ImportMode[] = ['insert', 'update', 'upsert', 'replace']

/** @throws {ValidationError} naming the option that is not acceptable. */
export function resolveImportOptions(
  options: ImportOptions,
  source: OpenableSource,
  lane: Pick<ImportLane, 'budgetVersionId' | 'batchSize'>,
): ImportSettings {
  const {
    mode = 'upsert',
    batchSize = lane.batchSize.usual,
    connections = 2,
    maxRejects = Infinity,
  } = options
  if (!modes.includes(mode)) {
    throw new ValidationError('mode', mode, modes.map((name) => `'${name}'`).join(', '))
  }
  if (mode === 'replace' && (options.deleteMissing as unknown) !== true) {
    throw new ValidationError('deleteMissing', options.deleteMissing, 'true, for mode replace deletes cells')
  }
  if (mode === 'replace' && options.filter === undefined) {
    throw new ValidationError(
      'filter',
      undefined,
      'which cells the source is to be all of; {} for the whole budget',
    )
  }
  if (mode !== 'replace' && (options.deleteMissing ?? options.filter) !== undefined) {
    throw new ValidationError('mode', mode, "'replace', where deleteMissing or filter is given")
  }
  checkWhole('batchSize', batchSize, lane.batchSize.most)
  checkWhole('connections', connections, 8)
  if (!(typeof maxRejects === 'number' && maxRejects >= 0)) {
    throw new ValidationError('maxRejects', maxRejects, 'a number from 0')
  }
  const label = options.session ?? labelOf(source)
  if (typeof label !== 'string' || label.length > 200) {
    throw new ValidationError('session', label, 'a label of at most 200 characters')
  }
  const { encoding, delimiter, header, sheet, checkpoint } = options
  const isExact = options.columns === undefined || source.format === 'ndjson' || source.format === 'cells'
  const locale = options.locale ?? (isExact ? 'exact' : undefined)
  const filter = options.filter ?? {}
  const decisive = [
    [lane.budgetVersionId, source.format, mode, batchSize, locale, encoding, delimiter, sheet, header],
    [options.columns, filter],
  ]
  return {
    columns: options.columns,
    readNumeral: numeralReader(locale),
    mode,
    filter,
    dryRun: options.dryRun === true,
    batchSize,
    connections,
    checkpoint:
      typeof checkpoint === 'string' || checkpoint instanceof URL ? checkpointFile(checkpoint) : checkpoint,
    maxRejects,
    label,
    digest: digestOf(JSON.stringify(decisive, (_name, value: unknown) => readable(value))),
    encoding,
    delimiter,
    header,
    sheet,
    signal: options.signal,
    onProgress: options.onProgress,
    onDifference: options.onDifference,
    rejects: options.rejects,
  }
}

function checkWhole(field: string, given: number, most: number): void {
  if (!(Number.isInteger(given) && given >= 1 && given <= most)) {
    throw new ValidationError(field, given, `a whole number from 1 to ${most.toLocaleString('en')}`)
  }
}

function labelOf({ path }: OpenableSource): string {
  const name = path === undefined ? '' : (String(path).split(/[/\\]/).at(-1) ?? '')
  return name === '' ? 'Import' : `Import ${name}`.slice(0, 200)
}

/** What JSON would leave out. */
function readable(value: unknown): unknown {
  return typeof value === 'function' || value instanceof RegExp ? String(value) : value
}

export { importCells } from './import-cells.ts'
export type { DatabaseTarget } from './lane/database-target.ts'
export type { ImportDifference, ImportMode, ImportOptions } from './options.ts'
export type { ImportSource, SourceFormat } from './read/source.ts'
export type { ColumnSource, ImportColumns, LongColumns, RecordView, WideColumns } from './map/columns.ts'
export type { ImportCounts, ImportProgress, ImportReject, ImportReport, RejectStatus } from './report.ts'
export type { Checkpoint } from './resume/checkpoint.ts'
export { ImportError, SourceError } from './errors.ts'
export {
  exportCells,
  type ExportFormat,
  type ExportOptions,
  type ExportProgress,
  type ExportReport,
} from './export-cells.ts'
export type { ExportSink, NodeWritable } from './write/sink.ts'

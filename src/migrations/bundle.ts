import hostDown from './sql/000_host.down.sql'
import hostUp from './sql/000_host.up.sql'
import writebackDown from './sql/009_planning_cells_writeback.down.sql'
import writebackUp from './sql/009_planning_cells_writeback.up.sql'
import changeRecordsDown from './sql/010_change_records.down.sql'
import changeRecordsUp from './sql/010_change_records.up.sql'
import revisionsDown from './sql/011_revisions.down.sql'
import revisionsUp from './sql/011_revisions.up.sql'
import cellRulesDown from './sql/012_cell_rules.down.sql'
import cellRulesUp from './sql/012_cell_rules.up.sql'
import changeLogDown from './sql/013_change_log.down.sql'
import changeLogUp from './sql/013_change_log.up.sql'
import leanIndexesDown from './sql/014_lean_indexes.down.sql'
import leanIndexesUp from './sql/014_lean_indexes.up.sql'
import budgetAccessDown from './sql/015_budget_access.down.sql'
import budgetAccessUp from './sql/015_budget_access.up.sql'
import readCellsDown from './sql/016_read_cells.down.sql'
import readCellsUp from './sql/016_read_cells.up.sql'
import writeOperationsDown from './sql/017_write_operations.down.sql'
import writeOperationsUp from './sql/017_write_operations.up.sql'
import writeItemsDown from './sql/018_write_items.down.sql'
import writeItemsUp from './sql/018_write_items.up.sql'
import writeCellsDown from './sql/019_write_cells.down.sql'
import writeCellsUp from './sql/019_write_cells.up.sql'
import undoStacksDown from './sql/020_undo_stacks.down.sql'
import undoStacksUp from './sql/020_undo_stacks.up.sql'
import undoOutcomesDown from './sql/021_undo_outcomes.down.sql'
import undoOutcomesUp from './sql/021_undo_outcomes.up.sql'
import undoDown from './sql/022_undo.down.sql'
import undoUp from './sql/022_undo.up.sql'
import lockRightsDown from './sql/023_lock_rights.down.sql'
import lockRightsUp from './sql/023_lock_rights.up.sql'
import locksDown from './sql/024_locks.down.sql'
import locksUp from './sql/024_locks.up.sql'
import leasesDown from './sql/025_leases.down.sql'
import leasesUp from './sql/025_leases.up.sql'
import leaseCallsDown from './sql/026_lease_calls.down.sql'
import leaseCallsUp from './sql/026_lease_calls.up.sql'
import commentsDown from './sql/027_comments.down.sql'
import commentsUp from './sql/027_comments.up.sql'
import commentWritesDown from './sql/028_comment_writes.down.sql'
import commentWritesUp from './sql/028_comment_writes.up.sql'
import commentReadsDown from './sql/029_comment_reads.down.sql'
import commentReadsUp from './sql/029_comment_reads.up.sql'
import inboxDown from './sql/030_inbox.down.sql'
import inboxUp from './sql/030_inbox.up.sql'
import changeFeedDown from './sql/031_change_feed.down.sql'
import changeFeedUp from './sql/031_change_feed.up.sql'
import historyDown from './sql/032_history.down.sql'
import historyUp from './sql/032_history.up.sql'
import asOfDown from './sql/033_as_of.down.sql'
import asOfUp from './sql/033_as_of.up.sql'
import restoreDown from './sql/034_restore.down.sql'
import restoreUp from './sql/034_restore.up.sql'
import broadcastDown from './sql/035_broadcast.down.sql'
import broadcastUp from './sql/035_broadcast.up.sql'
import commentBroadcastDown from './sql/036_comment_broadcast.down.sql'
import commentBroadcastUp from './sql/036_comment_broadcast.up.sql'
import importCellsDown from './sql/037_import_cells.down.sql'
import importCellsUp from './sql/037_import_cells.up.sql'

/** One numbered migration: the text of its two files, written for the schema `efir_budget`. */
export type Migration = {
  /** The file name without `.up.sql`. */
  readonly name: string
  readonly up: string
  readonly down: string
  /** Applied only on request: the tables of an application that has none. */
  readonly optional?: 'host'
}

/** Every migration, in the order of application. To add one: its two imports above, its line here. */
export const bundle: readonly Migration[] = [
  { name: '000_host', up: hostUp, down: hostDown, optional: 'host' },
  { name: '009_planning_cells_writeback', up: writebackUp, down: writebackDown },
  { name: '010_change_records', up: changeRecordsUp, down: changeRecordsDown },
  { name: '011_revisions', up: revisionsUp, down: revisionsDown },
  { name: '012_cell_rules', up: cellRulesUp, down: cellRulesDown },
  { name: '013_change_log', up: changeLogUp, down: changeLogDown },
  { name: '014_lean_indexes', up: leanIndexesUp, down: leanIndexesDown },
  { name: '015_budget_access', up: budgetAccessUp, down: budgetAccessDown },
  { name: '016_read_cells', up: readCellsUp, down: readCellsDown },
  { name: '017_write_operations', up: writeOperationsUp, down: writeOperationsDown },
  { name: '018_write_items', up: writeItemsUp, down: writeItemsDown },
  { name: '019_write_cells', up: writeCellsUp, down: writeCellsDown },
  { name: '020_undo_stacks', up: undoStacksUp, down: undoStacksDown },
  { name: '021_undo_outcomes', up: undoOutcomesUp, down: undoOutcomesDown },
  { name: '022_undo', up: undoUp, down: undoDown },
  { name: '023_lock_rights', up: lockRightsUp, down: lockRightsDown },
  { name: '024_locks', up: locksUp, down: locksDown },
  { name: '025_leases', up: leasesUp, down: leasesDown },
  { name: '026_lease_calls', up: leaseCallsUp, down: leaseCallsDown },
  { name: '027_comments', up: commentsUp, down: commentsDown },
  { name: '028_comment_writes', up: commentWritesUp, down: commentWritesDown },
  { name: '029_comment_reads', up: commentReadsUp, down: commentReadsDown },
  { name: '030_inbox', up: inboxUp, down: inboxDown },
  { name: '031_change_feed', up: changeFeedUp, down: changeFeedDown },
  { name: '032_history', up: historyUp, down: historyDown },
  { name: '033_as_of', up: asOfUp, down: asOfDown },
  { name: '034_restore', up: restoreUp, down: restoreDown },
  { name: '035_broadcast', up: broadcastUp, down: broadcastDown },
  { name: '036_comment_broadcast', up: commentBroadcastUp, down: commentBroadcastDown },
  { name: '037_import_cells', up: importCellsUp, down: importCellsDown },
]

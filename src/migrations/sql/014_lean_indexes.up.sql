-- 014_lean_indexes: the 14 names of 009 with definitions that pay for themselves, and what else each write paid for.
-- See docs/decisions/2026-11-23-write-engine.md.

-- Room on every page for the next version of a row, so that an update touches no index (HOT).
ALTER TABLE efir_budget.planning_cells SET (fillfactor = 85);

-- The author is the database's to set (012): whom the token names, or whom a program names, as in the record. Checked once
-- more by a foreign key for each cell, this was an eighth of the cost of a write, and the deletion of an account rewrote
-- all of its cells in one statement. As in the record, who is gone keeps his id.
ALTER TABLE efir_budget.planning_cells DROP CONSTRAINT planning_cells_modified_by_fkey;

-- Ids that begin with the time, as in UUID version 7: neighbours in time are neighbours in every index.
ALTER TABLE efir_budget.planning_cells ALTER COLUMN id SET DEFAULT encode(
  overlay(
    uuid_send(gen_random_uuid()) PLACING
    substring(int8send((extract(EPOCH FROM clock_timestamp()) * 1000)::bigint) FROM 3) || '\x70'::bytea
    FROM 1 FOR 7
  ), 'hex'
)::uuid;

-- A slice of a module in id order, for paging; as it was, the natural key's index began with it.
DROP INDEX efir_budget.idx_cells_module;
CREATE INDEX idx_cells_module ON efir_budget.planning_cells (budget_version_id, module_code, id);

-- BRIN, because a B-tree on what every update changes forbids HOT.
DROP INDEX efir_budget.idx_cells_modified;
CREATE INDEX idx_cells_modified ON efir_budget.planning_cells USING brin (modified_at) WITH (pages_per_range = 32);

DROP INDEX efir_budget.idx_cells_locked;
-- With the reason, so that "what is locked here, and why" reads no cell: locks are scattered, one to a page.
CREATE INDEX idx_cells_locked ON efir_budget.planning_cells (budget_version_id, id) INCLUDE (lock_reason) WHERE is_locked;

-- The natural key is looked up by a hash of all of it, NULLs included. With the columns themselves the planner has
-- other indexes to choose from, and a plan that it made while the table was empty walks the whole budget for every
-- cell (measured: 10,000 cells in more than 8 s). The included values of before forbade HOT.
DROP INDEX efir_budget.idx_cells_lookup;
-- Its upper half is of budget, module and entity, so that what is read and written together is together in the index:
-- a thousand cells of a sheet are on a few pages of it, and not each on another.
CREATE INDEX idx_cells_lookup ON efir_budget.planning_cells ((
  (hashtext(budget_version_id::text || '/' || module_code || '/' || coalesce(entity_id::text, ''))::bigint << 32)
  | (hashtext(field_name || '/' || coalesce(period_code, ''))::bigint & 4294967295)
));

-- The versions of a cell are its history in order.
DROP INDEX efir_budget.idx_changes_cell;
CREATE INDEX idx_changes_cell ON efir_budget.cell_changes (cell_id, new_version DESC);

-- A step, and within it a commit: one index for both, because a commit knows its step.
DROP INDEX efir_budget.idx_changes_session;
CREATE INDEX idx_changes_session ON efir_budget.cell_changes (session_id, commit_id, sequence_number);

-- Records have commits and cells, which know their authors and entities: these two serve what was recorded before there
-- were commits. On every record they were a tenth of the cost of a write.
DROP INDEX efir_budget.idx_changes_user;
CREATE INDEX idx_changes_user ON efir_budget.cell_changes (changed_by, changed_at) WHERE commit_id IS NULL;
DROP INDEX efir_budget.idx_changes_entity;
CREATE INDEX idx_changes_entity ON efir_budget.cell_changes (budget_version_id, module_code, entity_id) WHERE commit_id IS NULL;

DROP INDEX efir_budget.idx_changes_time;
CREATE INDEX idx_changes_time ON efir_budget.cell_changes USING brin (changed_at);

-- Undo and redo are what anyone looks for by type: was this step of this cell taken back?
DROP INDEX efir_budget.idx_changes_type;
-- The commit, because those that changed nothing to see share a version.
CREATE INDEX idx_changes_type ON efir_budget.cell_changes (cell_id, ref_session_id, new_version DESC, commit_id DESC)
WHERE change_type IN ('undo', 'redo');

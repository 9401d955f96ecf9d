-- 010_change_records: what the log must hold so that every change is on record, can be undone, and can be
-- followed by a cursor without gaps: text values, versions, what was done, and in which commit.

-- Soft delete. The row stays, empty, so that its id, comments and history live on, and so that those who
-- follow the table (postgres_changes) are told: row level security hides a vanished row from them.
ALTER TABLE efir_budget.planning_cells ADD COLUMN deleted_at timestamptz;

-- Which change the cell shows, so that undo need not read its history (docs/reference/undo.md). Columns of the row,
-- and in no index: an update touches none (HOT), and whoever holds the row knows the newest.
ALTER TABLE efir_budget.planning_cells
ADD COLUMN effective_version integer,
ADD COLUMN effective_author uuid;

COMMENT ON COLUMN efir_budget.planning_cells.effective_version IS
'The new_version of the change that the cell shows; NULL when none is left, or none was ever recorded.';
COMMENT ON COLUMN efir_budget.planning_cells.effective_author IS
'Whose undo could take away what the cell shows; NULL for nobody''s: a program''s, a calculation, older than the log.';

COMMENT ON COLUMN efir_budget.planning_cells.deleted_at IS
'When the cell was deleted. A deleted cell is empty and is no cell to anyone; a write to its key brings it back.';

ALTER TABLE efir_budget.cell_changes
ADD COLUMN action varchar(20) NOT NULL DEFAULT 'update',
ADD COLUMN old_text text,
ADD COLUMN new_text text,
ADD COLUMN old_version integer,
ADD COLUMN new_version integer,
ADD COLUMN under_version integer,
ADD COLUMN is_locked boolean NOT NULL DEFAULT false,
ADD COLUMN lock_reason varchar(200),
ADD COLUMN is_deleted boolean NOT NULL DEFAULT false,
ADD COLUMN value_type varchar(30),
ADD COLUMN commit_id bigint,
ADD COLUMN operation_id uuid,
ADD COLUMN ref_session_id uuid,
ADD CONSTRAINT ck_cell_changes_action CHECK (
  action IN ('insert', 'update', 'delete', 'restore', 'lock', 'unlock')
);

COMMENT ON COLUMN efir_budget.cell_changes.action IS
'What happened to the row; change_type says by what kind of work. "update" with equal values is a confirmation.';
COMMENT ON COLUMN efir_budget.cell_changes.old_text IS 'The text value before; NULL where it was a number or empty.';
COMMENT ON COLUMN efir_budget.cell_changes.new_text IS 'The text value after.';
COMMENT ON COLUMN efir_budget.cell_changes.old_version IS 'The version before; NULL for a new cell.';
COMMENT ON COLUMN efir_budget.cell_changes.new_version IS 'The version that this change made: one more than the old.';
COMMENT ON COLUMN efir_budget.cell_changes.under_version IS
'The version of the change that the cell showed before: what lies between was undone then. NULL: none.';
COMMENT ON COLUMN efir_budget.cell_changes.is_locked IS 'Whether the cell was locked after the change.';
COMMENT ON COLUMN efir_budget.cell_changes.lock_reason IS 'Why it was locked.';
COMMENT ON COLUMN efir_budget.cell_changes.is_deleted IS 'Whether there was no such cell after the change.';
COMMENT ON COLUMN efir_budget.cell_changes.value_type IS
'The cell''s value_type after the change; NULL for records older than migration 010.';
COMMENT ON COLUMN efir_budget.cell_changes.commit_id IS
'The commit it belongs to, which has the revision; NULL for records older than migration 010.';
COMMENT ON COLUMN efir_budget.cell_changes.operation_id IS 'The client''s name for the call that wrote it.';
COMMENT ON COLUMN efir_budget.cell_changes.ref_session_id IS 'For undo and redo: the step that was undone or redone.';

CREATE TABLE efir_budget.cell_sessions (
  id uuid PRIMARY KEY,
  budget_version_id uuid NOT NULL,
  actor uuid,
  label varchar(200),
  change_type varchar(50) NOT NULL DEFAULT 'manual',
  modules varchar(50)[] NOT NULL DEFAULT '{}',
  written_commit bigint,
  undone_commit bigint,
  continued_by uuid,
  created_at timestamptz NOT NULL DEFAULT now()
);

COMMENT ON TABLE efir_budget.cell_sessions IS
'One step of work (one paste, one edit): what undo takes back at once. Belongs to one user and one budget.';
COMMENT ON COLUMN efir_budget.cell_sessions.actor IS 'Whose step it is; NULL for a program.';
COMMENT ON COLUMN efir_budget.cell_sessions.label IS 'What a person would call it, e.g. "Paste".';
COMMENT ON COLUMN efir_budget.cell_sessions.change_type IS 'The kind of work that began it.';
COMMENT ON COLUMN efir_budget.cell_sessions.modules IS 'Where its changes are, for an undo of one module.';
COMMENT ON COLUMN efir_budget.cell_sessions.written_commit IS
'Its newest commit with a change that can be undone: its place on the undo stack. NULL: it is no step.';
COMMENT ON COLUMN efir_budget.cell_sessions.undone_commit IS
'Since when it is undone, and its place on the redo stack, which it has until its user''s next written_commit.';
COMMENT ON COLUMN efir_budget.cell_sessions.continued_by IS 'The session that took what was written in this one after it was undone.';

-- Drawn without a lock, so its order means nothing: order is the revision's. (An xid would not do as the key:
-- it starts anew when a cluster is restored from a dump.)
CREATE SEQUENCE efir_budget.cell_commit_ids AS bigint;

CREATE TABLE efir_budget.cell_commits (
  commit_id bigint PRIMARY KEY,
  budget_version_id uuid NOT NULL,
  revision bigint,
  session_id uuid NOT NULL,
  ref_session_id uuid,
  operation_id uuid,
  change_type varchar(50),
  actor uuid,
  created_at timestamptz NOT NULL DEFAULT now(),
  transaction_id xid8 NOT NULL DEFAULT pg_current_xact_id(),
  CONSTRAINT uq_cell_commits_revision UNIQUE (budget_version_id, revision)
);

-- How a transaction finds its own commits that have no revision yet. Equality on the transaction, so that dead
-- entries of others, which pile up while a backup runs, are never walked. (Those who ask compare the budget by IS NOT
-- DISTINCT FROM, so that the unique index, which holds the same dead entries, can't be chosen instead.)
CREATE INDEX commits_open ON efir_budget.cell_commits (transaction_id) WHERE revision IS NULL;

COMMENT ON TABLE efir_budget.cell_commits IS
'One row per write call and budget. Its revision is the budget''s gap-free cursor; no committed row is without one.';
COMMENT ON COLUMN efir_budget.cell_commits.revision IS 'Given by stamp_revisions as the last act of the transaction.';
COMMENT ON COLUMN efir_budget.cell_commits.ref_session_id IS 'For undo and redo: the step that was undone or redone.';
COMMENT ON COLUMN efir_budget.cell_commits.change_type IS 'NULL for writes past the functions: then each cell''s value_type says it.';
COMMENT ON COLUMN efir_budget.cell_commits.transaction_id IS 'Only to find open commits within their own transaction; means nothing afterwards.';
COMMENT ON SEQUENCE efir_budget.cell_commit_ids IS 'Names commits; has gaps and no order.';

-- A small table of its own: a counter on budget_versions would be locked by every foreign key check of a cell.
-- No foreign key either, because the last commit of a budget is its deletion.
CREATE TABLE efir_budget.budget_revisions (
  budget_version_id uuid PRIMARY KEY,
  revision bigint NOT NULL
) WITH (fillfactor = 10, autovacuum_vacuum_threshold = 1000);

COMMENT ON TABLE efir_budget.budget_revisions IS 'The newest revision of each budget that was ever written to.';

-- Who may write the log is whoever may use this type: the owner of the schema, and so the functions that run
-- with his rights. A type, because the blanket grants that people run (ON ALL TABLES, ROUTINES, SEQUENCES) pass it by.
CREATE TYPE efir_budget.engine AS ENUM ('engine');
REVOKE ALL ON TYPE efir_budget.engine FROM PUBLIC;

COMMENT ON TYPE efir_budget.engine IS 'USAGE on it marks the owner; never grant it to a role of the API.';

ALTER TABLE efir_budget.cell_sessions ENABLE ROW LEVEL SECURITY;
ALTER TABLE efir_budget.cell_commits ENABLE ROW LEVEL SECURITY;
ALTER TABLE efir_budget.budget_revisions ENABLE ROW LEVEL SECURITY;

-- Nobody reads or writes these but through functions; a host's default privileges may have said otherwise.
REVOKE ALL ON efir_budget.cell_sessions, efir_budget.cell_commits, efir_budget.budget_revisions
FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON SEQUENCE efir_budget.cell_commit_ids FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON efir_budget.planning_cells, efir_budget.cell_changes, efir_budget.cell_comments FROM PUBLIC, anon;

-- Records come from the triggers alone.
REVOKE ALL ON efir_budget.cell_changes FROM authenticated, service_role;
GRANT SELECT ON efir_budget.cell_changes TO authenticated, service_role;
REVOKE TRUNCATE, REFERENCES, TRIGGER ON efir_budget.planning_cells, efir_budget.cell_comments
FROM authenticated, service_role;

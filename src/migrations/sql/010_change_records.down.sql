GRANT INSERT ON efir_budget.cell_changes TO authenticated, service_role;

DROP TYPE efir_budget.engine;
DROP TABLE efir_budget.budget_revisions;
DROP TABLE efir_budget.cell_commits;
DROP SEQUENCE efir_budget.cell_commit_ids;
DROP TABLE efir_budget.cell_sessions;

ALTER TABLE efir_budget.cell_changes
DROP CONSTRAINT ck_cell_changes_action,
DROP COLUMN action,
DROP COLUMN old_text,
DROP COLUMN new_text,
DROP COLUMN old_version,
DROP COLUMN new_version,
DROP COLUMN under_version,
DROP COLUMN is_locked,
DROP COLUMN lock_reason,
DROP COLUMN is_deleted,
DROP COLUMN value_type,
DROP COLUMN commit_id,
DROP COLUMN operation_id,
DROP COLUMN ref_session_id;

-- Deleted cells stay as the empty rows they are: their comments hang on them.
ALTER TABLE efir_budget.planning_cells
DROP COLUMN deleted_at,
DROP COLUMN effective_version,
DROP COLUMN effective_author;

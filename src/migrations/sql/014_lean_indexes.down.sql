DROP INDEX efir_budget.idx_changes_type;
CREATE INDEX idx_changes_type ON efir_budget.cell_changes (change_type);

DROP INDEX efir_budget.idx_changes_time;
CREATE INDEX idx_changes_time ON efir_budget.cell_changes (changed_at DESC);

DROP INDEX efir_budget.idx_changes_entity;
CREATE INDEX idx_changes_entity ON efir_budget.cell_changes (budget_version_id, module_code, entity_id);

DROP INDEX efir_budget.idx_changes_user;
CREATE INDEX idx_changes_user ON efir_budget.cell_changes (changed_by, changed_at DESC);

DROP INDEX efir_budget.idx_changes_session;
CREATE INDEX idx_changes_session ON efir_budget.cell_changes (session_id, sequence_number);

DROP INDEX efir_budget.idx_changes_cell;
CREATE INDEX idx_changes_cell ON efir_budget.cell_changes (cell_id, changed_at DESC);

DROP INDEX efir_budget.idx_cells_lookup;
CREATE INDEX idx_cells_lookup ON efir_budget.planning_cells (budget_version_id, module_code, entity_id, field_name)
INCLUDE (value_numeric, value_text, version);

DROP INDEX efir_budget.idx_cells_locked;
CREATE INDEX idx_cells_locked ON efir_budget.planning_cells (budget_version_id) WHERE is_locked;

DROP INDEX efir_budget.idx_cells_modified;
CREATE INDEX idx_cells_modified ON efir_budget.planning_cells (modified_at DESC);

DROP INDEX efir_budget.idx_cells_module;
CREATE INDEX idx_cells_module ON efir_budget.planning_cells (budget_version_id, module_code);

ALTER TABLE efir_budget.planning_cells ALTER COLUMN id SET DEFAULT gen_random_uuid();
ALTER TABLE efir_budget.planning_cells RESET (fillfactor);

ALTER TABLE efir_budget.planning_cells DISABLE TRIGGER USER;
UPDATE efir_budget.planning_cells AS cell SET modified_by = NULL
WHERE cell.modified_by IS NOT NULL AND NOT EXISTS (SELECT FROM auth.users AS person WHERE person.id = cell.modified_by);
ALTER TABLE efir_budget.planning_cells ENABLE TRIGGER USER;
ALTER TABLE efir_budget.planning_cells ADD CONSTRAINT planning_cells_modified_by_fkey
FOREIGN KEY (modified_by) REFERENCES auth.users (id) ON DELETE SET NULL;

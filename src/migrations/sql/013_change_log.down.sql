DROP TRIGGER cells_record_deletes ON efir_budget.planning_cells;
DROP TRIGGER cells_record_updates ON efir_budget.planning_cells;
DROP TRIGGER cells_record_inserts ON efir_budget.planning_cells;

DROP FUNCTION efir_budget.record_deletes;
DROP FUNCTION efir_budget.record_updates;
DROP FUNCTION efir_budget.record_inserts;
DROP VIEW efir_budget.current_commits;
DROP FUNCTION efir_budget.record_id_prefix;
DROP FUNCTION efir_budget.open_direct_commits;
DROP TYPE efir_budget.direct_commit;

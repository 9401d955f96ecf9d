DROP TRIGGER cells_lock_updates ON efir_budget.planning_cells;
DROP TRIGGER cells_lock_inserts ON efir_budget.planning_cells;

DROP FUNCTION efir_budget.check_lock_changes;
DROP FUNCTION efir_budget.require_lock_right;
DROP FUNCTION efir_budget.may_change_lock;
DROP FUNCTION efir_budget.resolve_references;

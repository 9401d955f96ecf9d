DROP FUNCTION efir_budget.locked_cells;
DROP FUNCTION efir_budget.unlock_cells;
DROP FUNCTION efir_budget.lock_cells;
DROP FUNCTION efir_budget.set_locks;

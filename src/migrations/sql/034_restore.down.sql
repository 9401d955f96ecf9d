DROP FUNCTION efir_budget.restore_cells;
DROP FUNCTION efir_budget.items_of_revision;

DROP FUNCTION efir_budget.import_staged_cells;
DROP FUNCTION efir_budget.stage_cells;
DROP FUNCTION efir_budget.import_cells;
DROP FUNCTION efir_budget.merge_cells;
DROP FUNCTION efir_budget.merge_again;

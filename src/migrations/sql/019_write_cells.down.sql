DROP FUNCTION efir_budget.write_cells;

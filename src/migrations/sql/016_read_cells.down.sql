DROP FUNCTION efir_budget.list_cells;
DROP FUNCTION efir_budget.filter_condition;
DROP FUNCTION efir_budget.filter_member;
DROP FUNCTION efir_budget.read_cells;
DROP FUNCTION efir_budget.current_revision;
DROP FUNCTION efir_budget.refuse_argument;
DROP VIEW efir_budget.cell_tuples;

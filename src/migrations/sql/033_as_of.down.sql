DROP FUNCTION efir_budget.read_cells_as_of;
DROP FUNCTION efir_budget.cells_as_of;
DROP FUNCTION efir_budget.states_message;
DROP FUNCTION efir_budget.revision_as_of;
DROP FUNCTION efir_budget.changed_after;
DROP FUNCTION efir_budget.state_at;

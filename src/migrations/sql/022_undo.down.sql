DROP FUNCTION efir_budget.redo;
DROP FUNCTION efir_budget.undo;
DROP FUNCTION efir_budget.record_buried;
DROP FUNCTION efir_budget.turn_step;

DROP FUNCTION efir_budget.preview_redo;
DROP FUNCTION efir_budget.preview_undo;
DROP FUNCTION efir_budget.preview_turn;
DROP FUNCTION efir_budget.turn_results;
DROP FUNCTION efir_budget.judge_turn;
DROP TYPE efir_budget.turn_outcome;
DROP INDEX efir_budget.changes_redone;

DROP FUNCTION efir_budget.turn_results;
DROP FUNCTION efir_budget.judge_turn;
DROP TYPE efir_budget.turn_outcome;
DROP FUNCTION efir_budget.top_step;
DROP FUNCTION efir_budget.scope_modules;
DROP FUNCTION efir_budget.require_user;
DROP INDEX efir_budget.sessions_undone;
DROP INDEX efir_budget.sessions_written;

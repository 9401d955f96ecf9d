DROP FUNCTION efir_budget.undo_state;
DROP FUNCTION efir_budget.describe_step;
DROP FUNCTION efir_budget.top_step;
DROP FUNCTION efir_budget.scope_modules;
DROP FUNCTION efir_budget.require_user;
DROP INDEX efir_budget.sessions_undone;
DROP INDEX efir_budget.sessions_written;

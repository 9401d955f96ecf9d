DROP FUNCTION efir_budget.inbox;
DROP FUNCTION efir_budget.mark_read;

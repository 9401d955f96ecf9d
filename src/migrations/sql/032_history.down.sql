DROP FUNCTION efir_budget.list_changes;
DROP FUNCTION efir_budget.record_condition;
DROP VIEW efir_budget.change_records;
DROP INDEX efir_budget.commits_actor;
DROP INDEX efir_budget.changes_adopted;

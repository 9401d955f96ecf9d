DROP FUNCTION efir_budget.prune_log;
DROP FUNCTION efir_budget.oldest_revision;
DROP FUNCTION efir_budget.changes_since;
DROP FUNCTION efir_budget.key_condition;
DROP VIEW efir_budget.commit_heads;
DROP VIEW efir_budget.change_facts;

DROP TRIGGER revisions_guard ON efir_budget.budget_revisions;
DROP TRIGGER sessions_guard ON efir_budget.cell_sessions;
DROP TRIGGER commits_guard ON efir_budget.cell_commits;
DROP TRIGGER changes_guard ON efir_budget.cell_changes;
DROP TRIGGER cells_delete_rules ON efir_budget.planning_cells;
DROP TRIGGER cells_update_rules ON efir_budget.planning_cells;
DROP TRIGGER cells_insert_rules ON efir_budget.planning_cells;
DROP TRIGGER cells_share_stack ON efir_budget.planning_cells;

DROP FUNCTION efir_budget.refuse_log_writes;
DROP FUNCTION efir_budget.refuse_delete;
DROP FUNCTION efir_budget.keep_update_rules;
DROP FUNCTION efir_budget.keep_insert_rules;
DROP FUNCTION efir_budget.share_stack;
DROP FUNCTION efir_budget.hold_stack;

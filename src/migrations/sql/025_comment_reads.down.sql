DROP FUNCTION efir_budget.inbox;
DROP FUNCTION efir_budget.mark_read;
DROP FUNCTION efir_budget.comment_counts;
DROP FUNCTION efir_budget.referenced_cells;
DROP FUNCTION efir_budget.list_comments;

DROP FUNCTION efir_budget.comment_counts;
DROP FUNCTION efir_budget.referenced_cells;
DROP FUNCTION efir_budget.list_comments;
DROP FUNCTION efir_budget.cells_of_entities;

DROP TRIGGER comments_update_told ON efir_budget.cell_comments;
DROP TRIGGER comments_insert_told ON efir_budget.cell_comments;
DROP FUNCTION efir_budget.tell_comments;

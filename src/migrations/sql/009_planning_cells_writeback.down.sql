DROP TABLE efir_budget.cell_comments;
DROP TABLE efir_budget.cell_changes;
DROP TABLE efir_budget.planning_cells;

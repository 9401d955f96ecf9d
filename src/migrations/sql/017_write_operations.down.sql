DROP FUNCTION efir_budget.refuse_write;
DROP FUNCTION efir_budget.join_session;
DROP FUNCTION efir_budget.prune_operations;
DROP FUNCTION efir_budget.replay_operation;
DROP TYPE efir_budget.write_outcome;
DROP TYPE efir_budget.write_item;
DROP TABLE efir_budget.cell_operations;

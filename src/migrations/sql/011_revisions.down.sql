DROP TRIGGER cell_commits_revision ON efir_budget.cell_commits;
DROP FUNCTION efir_budget.stamp_direct_writes;
DROP FUNCTION efir_budget.stamp_revisions;
DROP FUNCTION efir_budget.open_commit;

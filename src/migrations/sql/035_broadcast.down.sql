DO $$
DECLARE
  v_policy record;
BEGIN
  FOR v_policy IN
    SELECT there.polname FROM pg_catalog.pg_policy AS there
    WHERE there.polrelid = to_regclass('realtime.messages') AND there.polname LIKE 'efir_budget: %'
  LOOP
    EXECUTE format('DROP POLICY %I ON realtime.messages', v_policy.polname);
  END LOOP;
END
$$;

DROP FUNCTION efir_budget.install_realtime;
DROP TRIGGER cells_budget_deleted ON efir_budget.budget_versions;
DROP TRIGGER cells_budget_buried ON efir_budget.budget_versions;
DROP FUNCTION efir_budget.broadcast_deletion;
DROP TRIGGER cell_commits_send ON efir_budget.cell_commits;
DROP FUNCTION efir_budget.broadcast_commits;
DROP FUNCTION efir_budget.commits_message;

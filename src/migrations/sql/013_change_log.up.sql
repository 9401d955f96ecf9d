-- 013_change_log: one record per changed cell, written by statement, so that ten thousand cells cost one insert.

-- Budgets that this transaction has no open commit for get one: they are being written past the functions.
-- Such a transaction is one step of its author in each budget.
CREATE FUNCTION efir_budget.open_missing_commits(p_budget_version_ids uuid[], p_actor uuid)
RETURNS bigint[]
LANGUAGE plpgsql
SET search_path = ''
SET enable_seqscan = off
AS $$
DECLARE
  v_budget uuid;
  v_session uuid;
  v_opened bigint[] := '{}';
BEGIN
  FOREACH v_budget IN ARRAY p_budget_version_ids LOOP
    CONTINUE WHEN EXISTS (
      SELECT FROM efir_budget.cell_commits AS opened
      WHERE opened.transaction_id = pg_current_xact_id() AND opened.revision IS NULL
        AND opened.budget_version_id IS NOT DISTINCT FROM v_budget
    );
    v_session := gen_random_uuid();
    INSERT INTO efir_budget.cell_sessions (id, budget_version_id, actor, created_at)
    VALUES (v_session, v_budget, p_actor, clock_timestamp());
    v_opened := v_opened || efir_budget.open_commit(v_budget, v_session, NULL, NULL, p_actor, clock_timestamp());
  END LOOP;
  RETURN v_opened;
END
$$;

COMMENT ON FUNCTION efir_budget.open_missing_commits IS 'Returns the commits that it opened. Internal.';

-- A budget in which nothing changed after all gets no revision.
CREATE FUNCTION efir_budget.close_empty_commits(p_commit_ids bigint[]) RETURNS void
LANGUAGE plpgsql
SET search_path = ''
SET enable_seqscan = off
AS $$
DECLARE
  v_commit bigint;
  v_session uuid;
BEGIN
  FOREACH v_commit IN ARRAY p_commit_ids LOOP
    SELECT opened.session_id INTO v_session FROM efir_budget.cell_commits AS opened WHERE opened.commit_id = v_commit;
    CONTINUE WHEN EXISTS (
      SELECT FROM efir_budget.cell_changes AS change
      WHERE change.session_id = v_session AND change.commit_id = v_commit
    );
    DELETE FROM efir_budget.cell_commits AS opened WHERE opened.commit_id = v_commit;
    DELETE FROM efir_budget.cell_sessions AS step WHERE step.id = v_session;
  END LOOP;
END
$$;

COMMENT ON FUNCTION efir_budget.close_empty_commits IS 'Takes back commits, opened by this statement, that have no change. Internal.';

-- The newest open commit of each budget: where a change of this moment belongs.
CREATE VIEW efir_budget.current_commits WITH (security_invoker = true) AS
SELECT DISTINCT ON (opened.budget_version_id)
  opened.budget_version_id,
  opened.commit_id,
  opened.session_id,
  opened.ref_session_id,
  opened.operation_id,
  opened.change_type,
  (
    SELECT coalesce(max(change.sequence_number), 0)
    FROM efir_budget.cell_changes AS change
    WHERE change.session_id = opened.session_id AND change.commit_id = opened.commit_id
  ) AS changes
FROM efir_budget.cell_commits AS opened
WHERE opened.transaction_id = pg_current_xact_id_if_assigned() AND opened.revision IS NULL
ORDER BY opened.budget_version_id, opened.commit_id DESC;

COMMENT ON VIEW efir_budget.current_commits IS 'Within a transaction: the commit that a change to a budget belongs to now. Internal.';
REVOKE ALL ON efir_budget.current_commits FROM PUBLIC, anon, authenticated, service_role;

CREATE FUNCTION efir_budget.record_inserts() RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = ''
-- Transition tables are joined: a plan made for one row would loop over ten thousand times ten thousand. The
-- functions of the API, from within which this runs, forbid the other joins. And no scans: a plan made while the log
-- was empty would read all of it for every write.
SET enable_seqscan = off
SET enable_hashjoin = on
SET enable_nestloop = off
SET jit = off
AS $$
DECLARE
  v_budgets uuid[];
  v_prefix bytea;
BEGIN
  IF EXISTS (SELECT FROM new_rows AS cell WHERE cell.version <> 1) THEN
    RAISE EXCEPTION 'A new cell has version 1.' USING ERRCODE = 'PT409', DETAIL = '{"version":1}', HINT = 'Leave the version out.';
  END IF;
  SELECT array_agg(DISTINCT cell.budget_version_id) INTO v_budgets FROM new_rows AS cell;
  IF v_budgets IS NULL THEN
    RETURN NULL;
  END IF;
  PERFORM efir_budget.open_missing_commits(v_budgets, auth.uid());

  -- The ids begin with the time, as in UUID version 7, so that the index of a large log grows at one end.
  v_prefix := substring(int8send((extract(EPOCH FROM clock_timestamp()) * 1000)::bigint) FROM 3) || '\x70'::bytea;
  INSERT INTO efir_budget.cell_changes (
    id, cell_id, budget_version_id, module_code, entity_id, field_name, period_code, action,
    new_value, new_text, new_version, is_locked, lock_reason, value_type, change_type,
    session_id, ref_session_id, sequence_number, operation_id, commit_id, changed_by, changed_at
  )
  SELECT
    encode(overlay(uuid_send(gen_random_uuid()) PLACING v_prefix FROM 1 FOR 7), 'hex')::uuid,
    cell.id, cell.budget_version_id, cell.module_code, cell.entity_id, cell.field_name, cell.period_code, 'insert',
    cell.value_numeric, cell.value_text, cell.version, cell.is_locked, cell.lock_reason, cell.value_type,
    CASE
      WHEN cell.value_type = 'calculated' AND coalesce(current.change_type, 'manual') IN ('manual', 'spread') THEN 'calculation'
      WHEN cell.value_type = 'imported' THEN coalesce(current.change_type, 'import')
      ELSE coalesce(current.change_type, 'manual')
    END,
    current.session_id, current.ref_session_id, current.changes + row_number() OVER (PARTITION BY current.commit_id),
    current.operation_id, current.commit_id, cell.modified_by, cell.modified_at
  FROM new_rows AS cell
  INNER JOIN efir_budget.current_commits AS current ON current.budget_version_id = cell.budget_version_id;
  RETURN NULL;
END
$$;

COMMENT ON FUNCTION efir_budget.record_inserts IS 'Writes the record of new cells.';

CREATE FUNCTION efir_budget.record_updates() RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = ''
SET enable_seqscan = off
SET enable_hashjoin = on
SET enable_nestloop = off
SET jit = off
AS $$
DECLARE
  v_budgets uuid[];
  v_opened bigint[];
  v_prefix bytea;
BEGIN
  SELECT array_agg(DISTINCT cell.budget_version_id) INTO v_budgets FROM new_rows AS cell;
  IF v_budgets IS NULL THEN
    RETURN NULL;
  END IF;
  v_opened := efir_budget.open_missing_commits(v_budgets, auth.uid());

  v_prefix := substring(int8send((extract(EPOCH FROM clock_timestamp()) * 1000)::bigint) FROM 3) || '\x70'::bytea;
  INSERT INTO efir_budget.cell_changes (
    id, cell_id, budget_version_id, module_code, entity_id, field_name, period_code, action,
    old_value, new_value, old_text, new_text, old_version, new_version, under_version,
    is_locked, lock_reason, is_deleted, value_type, change_type,
    session_id, ref_session_id, sequence_number, operation_id, commit_id, changed_by, changed_at
  )
  SELECT
    encode(overlay(uuid_send(gen_random_uuid()) PLACING v_prefix FROM 1 FOR 7), 'hex')::uuid,
    cell.id, cell.budget_version_id, cell.module_code, cell.entity_id, cell.field_name, cell.period_code,
    CASE
      -- Also where an undo shows an older deletion again: a record tells whether the cell is there after it.
      WHEN cell.deleted_at IS NOT NULL THEN 'delete'
      WHEN cell.deleted_at IS NULL AND before.deleted_at IS NOT NULL THEN 'restore'
      WHEN cell.value_numeric IS DISTINCT FROM before.value_numeric THEN 'update'
      WHEN cell.value_text IS DISTINCT FROM before.value_text THEN 'update'
      WHEN cell.value_type <> before.value_type THEN 'update'
      WHEN cell.is_locked AND (NOT before.is_locked OR cell.lock_reason IS DISTINCT FROM before.lock_reason) THEN 'lock'
      WHEN before.is_locked AND NOT cell.is_locked THEN 'unlock'
      ELSE 'update'
    END,
    before.value_numeric, cell.value_numeric, before.value_text, cell.value_text, before.version, cell.version,
    before.effective_version, cell.is_locked, cell.lock_reason, cell.deleted_at IS NOT NULL, cell.value_type,
    CASE
      WHEN cell.value_type = 'calculated' AND coalesce(current.change_type, 'manual') IN ('manual', 'spread') THEN 'calculation'
      WHEN cell.value_type = 'imported' THEN coalesce(current.change_type, 'import')
      ELSE coalesce(current.change_type, 'manual')
    END,
    current.session_id, current.ref_session_id, current.changes + row_number() OVER (PARTITION BY current.commit_id),
    current.operation_id, current.commit_id, cell.modified_by, cell.modified_at
  FROM new_rows AS cell
  INNER JOIN old_rows AS before ON before.id = cell.id
  INNER JOIN efir_budget.current_commits AS current ON current.budget_version_id = cell.budget_version_id
  WHERE cell.version <> before.version;

  PERFORM efir_budget.close_empty_commits(v_opened);
  RETURN NULL;
END
$$;

COMMENT ON FUNCTION efir_budget.record_updates IS 'Writes the record of changed cells; a row whose version stayed has not changed.';

CREATE FUNCTION efir_budget.record_deletes() RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = ''
SET enable_seqscan = off
SET enable_hashjoin = on
SET enable_nestloop = off
SET jit = off
AS $$
DECLARE
  v_budgets uuid[];
  v_prefix bytea;
BEGIN
  SELECT array_agg(DISTINCT cell.budget_version_id) INTO v_budgets
  FROM old_rows AS cell
  WHERE cell.deleted_at IS NULL;
  IF v_budgets IS NULL THEN
    RETURN NULL;
  END IF;
  PERFORM efir_budget.open_missing_commits(v_budgets, auth.uid());

  v_prefix := substring(int8send((extract(EPOCH FROM clock_timestamp()) * 1000)::bigint) FROM 3) || '\x70'::bytea;
  INSERT INTO efir_budget.cell_changes (
    id, cell_id, budget_version_id, module_code, entity_id, field_name, period_code, action,
    old_value, old_text, old_version, new_version, is_deleted, value_type, change_type,
    session_id, sequence_number, commit_id, changed_by, changed_at
  )
  SELECT
    encode(overlay(uuid_send(gen_random_uuid()) PLACING v_prefix FROM 1 FOR 7), 'hex')::uuid,
    cell.id, cell.budget_version_id, cell.module_code, cell.entity_id, cell.field_name, cell.period_code, 'delete',
    cell.value_numeric, cell.value_text, cell.version, cell.version + 1, TRUE, cell.value_type,
    coalesce(current.change_type, 'manual'),
    current.session_id, current.changes + row_number() OVER (PARTITION BY current.commit_id),
    current.commit_id, auth.uid(), clock_timestamp()
  FROM old_rows AS cell
  INNER JOIN efir_budget.current_commits AS current ON current.budget_version_id = cell.budget_version_id
  WHERE cell.deleted_at IS NULL;
  RETURN NULL;
END
$$;

COMMENT ON FUNCTION efir_budget.record_deletes IS 'Writes the record of cells that left the table with their budget.';

CREATE TRIGGER cells_record_inserts AFTER INSERT ON efir_budget.planning_cells
REFERENCING NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION efir_budget.record_inserts();
CREATE TRIGGER cells_record_updates AFTER UPDATE ON efir_budget.planning_cells
REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION efir_budget.record_updates();
CREATE TRIGGER cells_record_deletes AFTER DELETE ON efir_budget.planning_cells
REFERENCING OLD TABLE AS old_rows
FOR EACH STATEMENT EXECUTE FUNCTION efir_budget.record_deletes();

COMMENT ON TRIGGER cells_record_inserts ON efir_budget.planning_cells IS 'See record_inserts.';
COMMENT ON TRIGGER cells_record_updates ON efir_budget.planning_cells IS 'See record_updates.';
COMMENT ON TRIGGER cells_record_deletes ON efir_budget.planning_cells IS 'See record_deletes.';

REVOKE ALL ON FUNCTION efir_budget.open_missing_commits FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.close_empty_commits FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.record_inserts FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.record_updates FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.record_deletes FROM PUBLIC, anon, authenticated, service_role;

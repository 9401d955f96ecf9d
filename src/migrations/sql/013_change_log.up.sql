-- 013_change_log: one record per changed cell, written by statement, so that ten thousand cells cost one insert.

-- Budgets that this transaction has no open commit for are being written past the functions. Such a transaction is one
-- step of its author in each budget. The ids are drawn before the changes; the commits are inserted after them, when
-- it is known whether there are any, and so that a commit that is stamped has all of its changes.
CREATE TYPE efir_budget.direct_commit AS (budget_version_id uuid, commit_id bigint, session_id uuid);
COMMENT ON TYPE efir_budget.direct_commit IS 'A commit of a write past the functions, before it is inserted.';
REVOKE ALL ON TYPE efir_budget.direct_commit FROM PUBLIC;

CREATE FUNCTION efir_budget.open_direct_commits(p_direct efir_budget.direct_commit[]) RETURNS void
LANGUAGE plpgsql
SET search_path = ''
SET enable_seqscan = off
AS $$
DECLARE
  v_direct efir_budget.direct_commit;
BEGIN
  FOREACH v_direct IN ARRAY coalesce(p_direct, '{}') LOOP
    -- A budget in which nothing changed after all gets no revision.
    CONTINUE WHEN NOT EXISTS (
      SELECT FROM efir_budget.cell_changes AS change
      WHERE change.session_id = v_direct.session_id AND change.commit_id = v_direct.commit_id
    );
    INSERT INTO efir_budget.cell_sessions (id, budget_version_id, actor, created_at)
    VALUES (v_direct.session_id, v_direct.budget_version_id, auth.uid(), clock_timestamp());
    PERFORM efir_budget.open_commit(
      v_direct.budget_version_id, v_direct.session_id, NULL, NULL, auth.uid(), clock_timestamp(), NULL, v_direct.commit_id
    );
  END LOOP;
END
$$;

COMMENT ON FUNCTION efir_budget.open_direct_commits IS 'Inserts the commits that got changes. Internal.';

-- The ids of a commit's records are this and their numbers: like UUID version 7 they begin with the time, so that the
-- index of a large log grows at one end; and the commit and the number never come twice. (A random uuid for each
-- record cost as much as two of its indexes.)
CREATE FUNCTION efir_budget.record_id_prefix(p_commit_id bigint) RETURNS bytea
LANGUAGE plpgsql
SET search_path = ''
AS $$
BEGIN
  RETURN substring(int8send((extract(EPOCH FROM clock_timestamp()) * 1000)::bigint) FROM 3)
    || int2send((28672 + ((p_commit_id >> 30) & 4095))::smallint)
    || int4send(((p_commit_id & 1073741823) - 2147483648)::integer);
END
$$;

COMMENT ON FUNCTION efir_budget.record_id_prefix IS 'The first 12 bytes of the ids of records that a commit is given now. Internal.';

-- The newest open commit of each budget: where a change of this moment belongs.
CREATE VIEW efir_budget.current_commits WITH (security_invoker = true) AS
SELECT DISTINCT ON (opened.budget_version_id)
  opened.budget_version_id,
  opened.commit_id,
  opened.session_id,
  opened.ref_session_id,
  opened.operation_id,
  opened.change_type,
  efir_budget.record_id_prefix(opened.commit_id) AS id_prefix,
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
  v_direct efir_budget.direct_commit[];
BEGIN
  IF EXISTS (SELECT FROM new_rows AS cell WHERE cell.version <> 1) THEN
    RAISE EXCEPTION 'A new cell has version 1.' USING ERRCODE = 'PT409', DETAIL = '{"version":1}', HINT = 'Leave the version out.';
  END IF;
  SELECT array_agg(ROW(
    touched.id, nextval('efir_budget.cell_commit_ids'), gen_random_uuid()
  )::efir_budget.direct_commit) INTO v_direct
  FROM (SELECT DISTINCT cell.budget_version_id AS id FROM new_rows AS cell) AS touched
  WHERE touched.id NOT IN (
    SELECT opened.budget_version_id FROM efir_budget.cell_commits AS opened
    WHERE opened.transaction_id = pg_current_xact_id_if_assigned() AND opened.revision IS NULL
  );

  INSERT INTO efir_budget.cell_changes (
    id, cell_id, budget_version_id, module_code, entity_id, field_name, period_code, action,
    new_value, new_text, new_version, is_locked, lock_reason, value_type, change_type,
    session_id, ref_session_id, sequence_number, operation_id, commit_id, changed_by, changed_at
  )
  SELECT
    encode(current.id_prefix || int4send((current.changes + row_number() OVER ())::integer), 'hex')::uuid,
    cell.id, cell.budget_version_id, cell.module_code, cell.entity_id, cell.field_name, cell.period_code, 'insert',
    cell.value_numeric, cell.value_text, cell.version, cell.is_locked, cell.lock_reason, cell.value_type,
    CASE
      WHEN cell.value_type = 'calculated' AND coalesce(current.change_type, 'manual') IN ('manual', 'spread') THEN 'calculation'
      WHEN cell.value_type = 'imported' THEN coalesce(current.change_type, 'import')
      ELSE coalesce(current.change_type, 'manual')
    END,
    current.session_id, current.ref_session_id, current.changes + row_number() OVER (),
    current.operation_id, current.commit_id, cell.modified_by, cell.modified_at
  FROM new_rows AS cell
  INNER JOIN (
    SELECT * FROM efir_budget.current_commits
    UNION ALL
    SELECT direct.budget_version_id, direct.commit_id, direct.session_id, NULL, NULL, NULL,
      efir_budget.record_id_prefix(direct.commit_id), 0
    FROM unnest(v_direct) AS direct
  ) AS current ON current.budget_version_id = cell.budget_version_id;

  PERFORM efir_budget.open_direct_commits(v_direct);
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
  v_direct efir_budget.direct_commit[];
BEGIN
  SELECT array_agg(ROW(
    touched.id, nextval('efir_budget.cell_commit_ids'), gen_random_uuid()
  )::efir_budget.direct_commit) INTO v_direct
  FROM (SELECT DISTINCT cell.budget_version_id AS id FROM new_rows AS cell) AS touched
  WHERE touched.id NOT IN (
    SELECT opened.budget_version_id FROM efir_budget.cell_commits AS opened
    WHERE opened.transaction_id = pg_current_xact_id_if_assigned() AND opened.revision IS NULL
  );

  INSERT INTO efir_budget.cell_changes (
    id, cell_id, budget_version_id, module_code, entity_id, field_name, period_code, action,
    old_value, new_value, old_text, new_text, old_version, new_version, under_version,
    is_locked, lock_reason, is_deleted, value_type, change_type,
    session_id, ref_session_id, sequence_number, operation_id, commit_id, changed_by, changed_at
  )
  SELECT
    encode(current.id_prefix || int4send((current.changes + row_number() OVER ())::integer), 'hex')::uuid,
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
    current.session_id, current.ref_session_id, current.changes + row_number() OVER (),
    current.operation_id, current.commit_id, cell.modified_by, cell.modified_at
  FROM new_rows AS cell
  INNER JOIN old_rows AS before ON before.id = cell.id
  INNER JOIN (
    SELECT * FROM efir_budget.current_commits
    UNION ALL
    SELECT direct.budget_version_id, direct.commit_id, direct.session_id, NULL, NULL, NULL,
      efir_budget.record_id_prefix(direct.commit_id), 0
    FROM unnest(v_direct) AS direct
  ) AS current ON current.budget_version_id = cell.budget_version_id
  WHERE cell.version <> before.version;

  PERFORM efir_budget.open_direct_commits(v_direct);
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
  v_direct efir_budget.direct_commit[];
BEGIN
  SELECT array_agg(ROW(
    touched.id, nextval('efir_budget.cell_commit_ids'), gen_random_uuid()
  )::efir_budget.direct_commit) INTO v_direct
  FROM (SELECT DISTINCT cell.budget_version_id AS id FROM old_rows AS cell WHERE cell.deleted_at IS NULL) AS touched
  WHERE touched.id NOT IN (
    SELECT opened.budget_version_id FROM efir_budget.cell_commits AS opened
    WHERE opened.transaction_id = pg_current_xact_id_if_assigned() AND opened.revision IS NULL
  );

  INSERT INTO efir_budget.cell_changes (
    id, cell_id, budget_version_id, module_code, entity_id, field_name, period_code, action,
    old_value, old_text, old_version, new_version, is_deleted, value_type, change_type,
    session_id, sequence_number, commit_id, changed_by, changed_at
  )
  SELECT
    encode(current.id_prefix || int4send((current.changes + row_number() OVER ())::integer), 'hex')::uuid,
    cell.id, cell.budget_version_id, cell.module_code, cell.entity_id, cell.field_name, cell.period_code, 'delete',
    cell.value_numeric, cell.value_text, cell.version, cell.version + 1, TRUE, cell.value_type,
    coalesce(current.change_type, 'manual'),
    current.session_id, current.changes + row_number() OVER (),
    current.commit_id, auth.uid(), clock_timestamp()
  FROM old_rows AS cell
  INNER JOIN (
    SELECT * FROM efir_budget.current_commits
    UNION ALL
    SELECT direct.budget_version_id, direct.commit_id, direct.session_id, NULL, NULL, NULL,
      efir_budget.record_id_prefix(direct.commit_id), 0
    FROM unnest(v_direct) AS direct
  ) AS current ON current.budget_version_id = cell.budget_version_id
  WHERE cell.deleted_at IS NULL;

  PERFORM efir_budget.open_direct_commits(v_direct);
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

REVOKE ALL ON FUNCTION efir_budget.open_direct_commits FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.record_id_prefix FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.record_inserts FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.record_updates FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.record_deletes FROM PUBLIC, anon, authenticated, service_role;

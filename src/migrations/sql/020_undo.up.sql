-- 020_undo: undo and redo of a user's newest step, what they would do, and going back to a revision.
-- Locks in the order that 018 names: operation, the user's stack alone, cells in id order, the budget.

CREATE FUNCTION efir_budget.turn_step(
  p_budget_version_id uuid, p_kind text, p_operation_id uuid, p_scope jsonb
) RETURNS jsonb
LANGUAGE plpgsql
SET search_path = ''
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
SET enable_material = off
SET jit = off
AS $$
DECLARE
  v_actor uuid;
  v_modules text[] := efir_budget.scope_modules(p_scope);
  v_hash bytea := sha256(convert_to(jsonb_build_array(p_kind, p_scope)::text, 'UTF8'));
  v_step efir_budget.cell_sessions;
  v_turned efir_budget.turn_outcome[] := '{}';
  v_commit bigint;
  v_at timestamptz;
  v_result jsonb;
BEGIN
  PERFORM efir_budget.require_budget(p_budget_version_id);
  v_actor := efir_budget.require_user();
  IF p_operation_id IS NOT NULL THEN
    v_result := efir_budget.replay_operation(p_operation_id, p_budget_version_id, v_actor, v_hash);
    IF v_result IS NOT NULL THEN
      RETURN v_result;
    END IF;
  END IF;
  PERFORM efir_budget.hold_stack(v_actor, TRUE);
  v_step := efir_budget.top_step(p_budget_version_id, v_actor, p_kind, v_modules);

  IF v_step.id IS NOT NULL THEN
    PERFORM cell.id
    FROM efir_budget.planning_cells AS cell
    WHERE cell.id = ANY(ARRAY(SELECT change.cell_id FROM efir_budget.cell_changes AS change WHERE change.session_id = v_step.id))
    ORDER BY cell.id
    FOR NO KEY UPDATE OF cell;
    v_turned := efir_budget.judge_turn(v_step.id, p_kind);
  END IF;
  -- Time was spent waiting for locks; a cell's times go the way of its versions.
  v_at := clock_timestamp();

  IF EXISTS (SELECT FROM unnest(v_turned) AS turned WHERE turned.outcome <> 'locked') THEN
    -- A session of its own, and no step: undoing an undo is to redo.
    v_commit := efir_budget.open_commit(
      p_budget_version_id, gen_random_uuid(), p_kind, p_operation_id, v_actor, v_at, v_step.id
    );
    UPDATE efir_budget.planning_cells AS cell
    SET value_numeric = turned.value_numeric,
      value_text = turned.value_text,
      value_type = turned.value_type,
      deleted_at = CASE WHEN turned.deleted THEN v_at END,
      effective_version = turned.effective_version,
      effective_author = turned.effective_author,
      modified_by = v_actor,
      modified_at = v_at,
      version = -2147483648
    FROM unnest(v_turned) AS turned
    WHERE turned.outcome = 'reverted' AND cell.id = turned.id;
    PERFORM efir_budget.record_buried(
      ARRAY(SELECT turned.id FROM unnest(v_turned) AS turned WHERE turned.outcome IN ('superseded', 'missing')),
      v_actor, v_at
    );
  END IF;

  IF v_step.id IS NOT NULL THEN
    -- Whatever its cells said: a step that cannot move must not bar the way to those under it.
    UPDATE efir_budget.cell_sessions AS step
    SET undone_commit = CASE WHEN p_kind = 'undo' THEN coalesce(v_commit, nextval('efir_budget.cell_commit_ids')) END
    WHERE step.id = v_step.id;
  END IF;

  SELECT efir_budget.turn_results(array_agg(turned.id), array_agg(turned.outcome)) INTO v_result
  FROM unnest(v_turned) AS turned;
  -- The last act, once: from here to the commit this budget's other writers wait.
  SET CONSTRAINTS efir_budget.cell_commits_revision IMMEDIATE;
  SET CONSTRAINTS efir_budget.cell_commits_revision DEFERRED;

  v_result := jsonb_build_object(
    'revision', coalesce(
      (SELECT stamped.revision FROM efir_budget.cell_commits AS stamped WHERE stamped.commit_id = v_commit),
      efir_budget.current_revision(p_budget_version_id)
    ),
    'operationId', p_operation_id, 'sessionId', v_step.id, 'label', v_step.label, 'actor', v_actor, 'at', v_at,
    'results', v_result
  );
  IF p_operation_id IS NOT NULL THEN
    INSERT INTO efir_budget.cell_operations (operation_id, budget_version_id, actor, payload_hash, result)
    VALUES (p_operation_id, p_budget_version_id, v_actor, v_hash, v_result);
  END IF;
  RETURN v_result;
EXCEPTION
  WHEN deadlock_detected OR serialization_failure THEN
    RAISE EXCEPTION 'The cells were being changed by others in another order; nothing was done.'
      USING ERRCODE = 'PT503', DETAIL = '{}', HINT = 'Send the call again.';
END
$$;

COMMENT ON FUNCTION efir_budget.turn_step IS 'Undoes or redoes the newest step of the signed-in user. Internal.';

-- What lies under a later change of someone else is undone like the rest: the row and its version stay.
CREATE FUNCTION efir_budget.record_buried(p_ids uuid[], p_actor uuid, p_at timestamptz) RETURNS void
LANGUAGE plpgsql
SET search_path = ''
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
SET jit = off
AS $$
DECLARE
  v_prefix bytea := substring(int8send((extract(EPOCH FROM clock_timestamp()) * 1000)::bigint) FROM 3) || '\x70'::bytea;
BEGIN
  INSERT INTO efir_budget.cell_changes (
    id, cell_id, budget_version_id, module_code, entity_id, field_name, period_code, action,
    old_value, new_value, old_text, new_text, old_version, new_version,
    is_locked, lock_reason, is_deleted, value_type, change_type,
    session_id, ref_session_id, sequence_number, operation_id, commit_id, changed_by, changed_at
  )
  SELECT
    encode(overlay(uuid_send(gen_random_uuid()) PLACING v_prefix FROM 1 FOR 7), 'hex')::uuid,
    cell.id, cell.budget_version_id, cell.module_code, cell.entity_id, cell.field_name, cell.period_code,
    CASE WHEN cell.deleted_at IS NOT NULL THEN 'delete' ELSE 'update' END,
    cell.value_numeric, cell.value_numeric, cell.value_text, cell.value_text, cell.version, cell.version,
    cell.is_locked, cell.lock_reason, cell.deleted_at IS NOT NULL, cell.value_type, current.change_type,
    current.session_id, current.ref_session_id, current.changes + row_number() OVER (ORDER BY cell.id),
    current.operation_id, current.commit_id, p_actor, p_at
  FROM unnest(p_ids) AS buried (id)
  INNER JOIN efir_budget.planning_cells AS cell ON cell.id = buried.id
  INNER JOIN efir_budget.current_commits AS current ON current.budget_version_id = cell.budget_version_id;
END
$$;

COMMENT ON FUNCTION efir_budget.record_buried IS 'Writes the records of an undo or redo for cells that show the same as before. Internal.';

CREATE FUNCTION efir_budget.undo(p_budget_version_id uuid, p_operation_id uuid DEFAULT NULL, p_scope jsonb DEFAULT NULL)
RETURNS jsonb
LANGUAGE sql
SECURITY DEFINER
SET search_path = ''
AS $$
  SELECT efir_budget.turn_step(p_budget_version_id, 'undo', p_operation_id, p_scope)
$$;

COMMENT ON FUNCTION efir_budget.undo IS
'Takes back the newest step of the caller in the budget; see docs/reference/wire.md. Call it last in a transaction, and once.';

CREATE FUNCTION efir_budget.redo(p_budget_version_id uuid, p_operation_id uuid DEFAULT NULL, p_scope jsonb DEFAULT NULL)
RETURNS jsonb
LANGUAGE sql
SECURITY DEFINER
SET search_path = ''
AS $$
  SELECT efir_budget.turn_step(p_budget_version_id, 'redo', p_operation_id, p_scope)
$$;

COMMENT ON FUNCTION efir_budget.redo IS
'Brings back the step that the caller undid last; see docs/reference/wire.md. Call it last in a transaction, and once.';

-- What cells of the filter showed at the revision and do not show now, as items of write_cells. It reads what was
-- recorded since: the oldest record since then tells what was before it.
CREATE FUNCTION efir_budget.items_of_revision(p_budget_version_id uuid, p_revision bigint, p_filter jsonb) RETURNS jsonb
LANGUAGE plpgsql
STABLE
SET search_path = ''
SET jit = off
AS $$
DECLARE
  v_items jsonb;
BEGIN
  EXECUTE format(
    $query$
      WITH since AS MATERIALIZED (
        SELECT DISTINCT ON (change.cell_id)
          change.cell_id, change.action, change.old_value, change.old_text, change.old_version, change.new_version
        FROM efir_budget.cell_commits AS made
        INNER JOIN efir_budget.cell_changes AS change
          ON change.session_id = made.session_id AND change.commit_id = made.commit_id
        INNER JOIN efir_budget.planning_cells AS cell ON cell.id = change.cell_id
        WHERE made.budget_version_id = %1$L AND made.revision > %2$s AND cell.budget_version_id = %1$L %3$s
        ORDER BY change.cell_id, change.new_version, change.commit_id
      ),
      shown AS (
        SELECT
          since.cell_id, since.old_value, since.old_text,
          CASE
            WHEN since.action IN ('insert', 'restore') THEN TRUE
            WHEN since.action <> 'delete' THEN FALSE
            -- It was deleted, or a deletion was what it showed already: the record of the version before tells.
            WHEN since.old_version = since.new_version THEN TRUE
            ELSE EXISTS (
              SELECT FROM efir_budget.cell_changes AS change
              WHERE change.cell_id = since.cell_id AND change.new_version = since.old_version AND change.action = 'delete'
            )
          END AS deleted
        FROM since
      )
      SELECT jsonb_agg(
        CASE
          WHEN shown.deleted THEN jsonb_build_object('id', cell.id, 'delete', TRUE)
          ELSE jsonb_build_object('id', cell.id, 'number', trim_scale(shown.old_value)::text, 'text', shown.old_text)
        END
        ORDER BY cell.id
      )
      FROM shown
      INNER JOIN efir_budget.planning_cells AS cell ON cell.id = shown.cell_id
      WHERE shown.old_value IS DISTINCT FROM cell.value_numeric OR shown.old_text IS DISTINCT FROM cell.value_text
        OR (shown.deleted AND cell.deleted_at IS NULL)
    $query$,
    p_budget_version_id, p_revision, efir_budget.filter_condition(p_filter)
  ) INTO v_items;
  RETURN coalesce(v_items, '[]');
END
$$;

COMMENT ON FUNCTION efir_budget.items_of_revision IS 'What to write so that the cells show what they showed at a revision. Internal.';

CREATE FUNCTION efir_budget.restore_cells(
  p_budget_version_id uuid,
  p_revision bigint,
  p_filter jsonb DEFAULT '{}',
  p_mode text DEFAULT 'atomic',
  p_operation_id uuid DEFAULT NULL,
  p_session_label text DEFAULT NULL,
  p_at timestamptz DEFAULT NULL
) RETURNS jsonb
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = ''
AS $$
DECLARE
  -- What was asked for, so that a repeat is one although the time may mean a later revision by then.
  v_hash bytea := sha256(convert_to(
    jsonb_build_array('restore', p_revision, p_filter, p_mode, p_session_label, p_at)::text, 'UTF8'
  ));
  v_revision bigint;
  v_items jsonb;
  v_result jsonb;
BEGIN
  PERFORM efir_budget.require_budget(p_budget_version_id);
  IF p_mode IS NULL OR p_mode NOT IN ('atomic', 'partial') THEN
    PERFORM efir_budget.refuse_argument('p_mode', to_jsonb(p_mode), 'atomic or partial');
  END IF;
  IF p_operation_id IS NOT NULL THEN
    v_result := efir_budget.replay_operation(p_operation_id, p_budget_version_id, auth.uid(), v_hash);
    IF v_result IS NOT NULL THEN
      RETURN v_result;
    END IF;
  END IF;
  v_revision := efir_budget.revision_as_of(p_budget_version_id, p_revision, p_at);
  v_items := efir_budget.items_of_revision(p_budget_version_id, v_revision, p_filter);
  IF jsonb_array_length(v_items) > 10000 THEN
    PERFORM efir_budget.refuse_argument('p_filter', to_jsonb(jsonb_array_length(v_items)), 'one that leaves at most 10000 cells to restore');
  END IF;

  IF v_items = '[]' THEN
    v_result := jsonb_build_object(
      'revision', efir_budget.current_revision(p_budget_version_id), 'restored', v_revision, 'operationId', p_operation_id,
      'sessionId', NULL, 'actor', auth.uid(), 'at', clock_timestamp(), 'results', v_items
    );
    IF p_operation_id IS NOT NULL THEN
      INSERT INTO efir_budget.cell_operations (operation_id, budget_version_id, actor, payload_hash, result)
      VALUES (p_operation_id, p_budget_version_id, auth.uid(), v_hash, v_result);
    END IF;
    RETURN v_result;
  END IF;

  v_result := efir_budget.write_cells(
    p_budget_version_id, v_items, p_mode, p_operation_id, NULL, coalesce(p_session_label, format('Restore revision %s', v_revision))
  );
  v_result := v_result || jsonb_build_object('restored', v_revision, 'results', efir_budget.turn_results(
    ARRAY(SELECT (item.value ->> 'id')::uuid FROM jsonb_array_elements(v_items) WITH ORDINALITY AS item (value, n) ORDER BY item.n),
    ARRAY(
      SELECT item.value ->> 0 FROM jsonb_array_elements(v_result -> 'results') WITH ORDINALITY AS item (value, n) ORDER BY item.n
    )
  ));
  -- The name stands for this call, not for the items that it found.
  UPDATE efir_budget.cell_operations AS stored SET payload_hash = v_hash, result = v_result
  WHERE stored.operation_id = p_operation_id;
  RETURN v_result;
END
$$;

COMMENT ON FUNCTION efir_budget.restore_cells IS
'Writes what the cells of the filter showed at a revision, or a time, as one step; see docs/reference/wire.md. Call it last, and once.';

REVOKE ALL ON FUNCTION efir_budget.turn_step FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.record_buried FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.undo FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.redo FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION efir_budget.undo, efir_budget.redo TO authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.items_of_revision FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.restore_cells FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION efir_budget.restore_cells TO authenticated, service_role;

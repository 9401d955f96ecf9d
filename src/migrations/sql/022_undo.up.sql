-- 022_undo: undo and redo of a user's newest step, of a large one in parts: as many of its changes in a call as can be written
-- in one.
-- Locks in the order that 019 names: operation, the user's stack alone, cells in id order, the budget.

CREATE FUNCTION efir_budget.turn_step(
  p_budget_version_id uuid, p_kind text, p_operation_id uuid, p_scope jsonb, p_limit integer
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
  -- Without p_limit: who was answered only when he asked for less may repeat the call as he made it first.
  v_hash bytea := sha256(convert_to(jsonb_build_array(p_kind, p_scope)::text, 'UTF8'));
  v_step efir_budget.cell_sessions;
  v_part record;
  v_turned efir_budget.turn_outcome[] := '{}';
  v_commit bigint;
  v_at timestamptz;
  v_result jsonb;
BEGIN
  PERFORM efir_budget.require_budget(p_budget_version_id);
  v_actor := efir_budget.require_user();
  IF p_limit IS NULL OR p_limit NOT BETWEEN 1 AND 10000 THEN
    PERFORM efir_budget.refuse_argument('p_limit', to_jsonb(p_limit), '1 to 10000');
  END IF;
  IF p_operation_id IS NOT NULL THEN
    v_result := efir_budget.replay_operation(p_operation_id, p_budget_version_id, v_actor, v_hash);
    IF v_result IS NOT NULL THEN
      RETURN v_result;
    END IF;
  END IF;
  PERFORM efir_budget.hold_stack(v_actor, TRUE);
  v_step := efir_budget.top_step(p_budget_version_id, v_actor, p_kind, p_scope);
  v_part := efir_budget.step_part(v_step, p_kind, p_limit);

  IF v_step.id IS NOT NULL THEN
    -- In id order, one look-up each: asked for in that order themselves, a plan that was made for few cells walks all.
    PERFORM held.id
    FROM unnest(v_part.ids) AS own (id)
    CROSS JOIN LATERAL (
      SELECT cell.id FROM efir_budget.planning_cells AS cell WHERE cell.id = own.id FOR NO KEY UPDATE
    ) AS held;
    v_turned := efir_budget.judge_turn(v_step.id, p_kind, CASE WHEN NOT v_part.whole THEN v_part.ids END);
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
      version = cell.version + 1
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
    SET undone_commit = CASE
        WHEN p_kind = 'undo' THEN coalesce(v_commit, nextval('efir_budget.cell_commit_ids'))
        WHEN v_part.more THEN step.undone_commit
      END,
      turned = TRUE,
      turning = CASE WHEN v_part.more THEN p_kind END,
      turned_commit = v_part.commit_id,
      turned_sequence = v_part.sequence_number
    WHERE step.id = v_step.id;
  END IF;

  SELECT efir_budget.turn_results(array_agg(turned.id), array_agg(turned.outcome)) INTO v_result
  FROM unnest(v_turned) AS turned;
  -- The last act, once: from here to the commit this budget's other writers wait.
  PERFORM efir_budget.stamp_revisions();

  v_result := jsonb_build_object(
    'revision', coalesce(
      (SELECT stamped.revision FROM efir_budget.cell_commits AS stamped WHERE stamped.commit_id = v_commit),
      efir_budget.current_revision(p_budget_version_id)
    ),
    'operationId', p_operation_id, 'sessionId', v_step.id, 'label', v_step.label, 'actor', v_actor, 'at', v_at,
    'more', v_part.more, 'results', v_result
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
BEGIN
  INSERT INTO efir_budget.cell_changes (
    id, cell_id, budget_version_id, module_code, entity_id, field_name, period_code, action,
    old_value, new_value, old_text, new_text, old_version, new_version,
    is_locked, lock_reason, is_deleted, value_type, change_type,
    session_id, ref_session_id, sequence_number, operation_id, commit_id, changed_by, changed_at
  )
  SELECT
    encode(current.id_prefix || int4send((current.changes + buried.n)::integer), 'hex')::uuid,
    cell.id, cell.budget_version_id, cell.module_code, cell.entity_id, cell.field_name, cell.period_code,
    CASE WHEN cell.deleted_at IS NOT NULL THEN 'delete' ELSE 'update' END,
    cell.value_numeric, cell.value_numeric, cell.value_text, cell.value_text, cell.version, cell.version,
    cell.is_locked, cell.lock_reason, cell.deleted_at IS NOT NULL, cell.value_type, current.change_type,
    current.session_id, current.ref_session_id, current.changes + buried.n,
    current.operation_id, current.commit_id, p_actor, p_at
  FROM unnest(p_ids) WITH ORDINALITY AS buried (id, n)
  INNER JOIN efir_budget.planning_cells AS cell ON cell.id = buried.id
  -- No index serves this condition: offered the budget, a plan that was made for few cells walks all of it.
  INNER JOIN efir_budget.current_commits AS current ON current.budget_version_id IS NOT DISTINCT FROM cell.budget_version_id;
END
$$;

COMMENT ON FUNCTION efir_budget.record_buried IS 'Writes the records of an undo or redo for cells that show the same as before. Internal.';

CREATE FUNCTION efir_budget.undo(
  p_budget_version_id uuid,
  p_operation_id uuid DEFAULT NULL,
  p_scope jsonb DEFAULT NULL,
  p_limit integer DEFAULT 10000
) RETURNS jsonb
LANGUAGE sql
SECURITY DEFINER
SET search_path = ''
AS $$
  SELECT efir_budget.turn_step(p_budget_version_id, 'undo', p_operation_id, p_scope, p_limit)
$$;

COMMENT ON FUNCTION efir_budget.undo IS
'Takes back the newest step of the caller in the budget, or as much of it as one call may; see docs/reference/wire.md. Call it last in a transaction, and once.';

CREATE FUNCTION efir_budget.redo(
  p_budget_version_id uuid,
  p_operation_id uuid DEFAULT NULL,
  p_scope jsonb DEFAULT NULL,
  p_limit integer DEFAULT 10000
) RETURNS jsonb
LANGUAGE sql
SECURITY DEFINER
SET search_path = ''
AS $$
  SELECT efir_budget.turn_step(p_budget_version_id, 'redo', p_operation_id, p_scope, p_limit)
$$;

COMMENT ON FUNCTION efir_budget.redo IS
'Brings back the step that the caller undid last, or as much of it as one call may; see docs/reference/wire.md. Call it last in a transaction, and once.';

REVOKE ALL ON FUNCTION efir_budget.turn_step FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.record_buried FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.undo FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.redo FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION efir_budget.undo, efir_budget.redo TO authenticated, service_role;

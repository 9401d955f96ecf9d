-- 024_locks: hard locks in bulk (approval, calculation).

-- One body for both calls. In id order, like every locker of cells.
CREATE FUNCTION efir_budget.set_locks(
  p_budget_version_id uuid, p_references jsonb, p_filter jsonb, p_lock boolean, p_reason text, p_operation_id uuid
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
  v_actor uuid := auth.uid();
  v_done text := CASE WHEN p_lock THEN 'locked' ELSE 'unlocked' END;
  v_session uuid := gen_random_uuid();
  v_at timestamptz;
  v_hash bytea;
  v_result jsonb;
  v_items efir_budget.write_item[] := '{}';
  v_named uuid[];
  v_cells efir_budget.planning_cells[];
  v_relocked efir_budget.planning_cells[];
  v_ids uuid[];
  v_results jsonb;
  v_commit bigint;
BEGIN
  PERFORM efir_budget.require_budget(p_budget_version_id);
  IF (p_references IS NULL) = (p_filter IS NULL) THEN
    PERFORM efir_budget.refuse_argument('p_references', p_references, 'given, or else p_filter, and not both');
  ELSIF char_length(p_reason) > 200 THEN
    PERFORM efir_budget.refuse_argument('p_reason', to_jsonb(char_length(p_reason)), 'at most 200 characters');
  END IF;

  IF p_operation_id IS NOT NULL THEN
    v_hash := sha256(convert_to(jsonb_build_array(v_done, p_references, p_filter, p_reason)::text, 'UTF8'));
    v_result := efir_budget.replay_operation(p_operation_id, p_budget_version_id, v_actor, v_hash);
    IF v_result IS NOT NULL THEN
      RETURN v_result;
    END IF;
  END IF;

  IF p_filter IS NULL THEN
    v_items := efir_budget.resolve_references(p_budget_version_id, p_references, 10000);
    SELECT array_agg(item.id) INTO v_named FROM unnest(v_items) AS item WHERE item.problem IS NULL;
  END IF;
  EXECUTE format(
    $query$
      SELECT
        coalesce(array_agg(held.cell), '{}'), coalesce(array_agg(held.cell) FILTER (WHERE (held.cell).is_locked), '{}'),
        coalesce(array_agg((held.cell).id), '{}')
      FROM (
        SELECT cell FROM efir_budget.planning_cells AS cell
        WHERE cell.budget_version_id = %L AND cell.deleted_at IS NULL %s AND %s
        ORDER BY cell.id
        FOR NO KEY UPDATE OF cell
      ) AS held
    $query$,
    p_budget_version_id,
    CASE WHEN p_filter IS NULL THEN 'AND cell.id = ANY($1)' ELSE efir_budget.filter_condition(p_filter) END,
    CASE WHEN p_lock THEN 'NOT (cell.is_locked AND cell.lock_reason IS NOT DISTINCT FROM $2)' ELSE 'cell.is_locked' END
  ) INTO v_cells, v_relocked, v_ids USING v_named, p_reason;
  PERFORM efir_budget.require_lock_right(
    p_budget_version_id, CASE WHEN p_lock THEN v_cells ELSE '{}' END, v_relocked, v_items
  );

  v_at := clock_timestamp();
  IF v_ids <> '{}' THEN
    INSERT INTO efir_budget.cell_sessions (id, budget_version_id, actor, created_at)
    VALUES (v_session, p_budget_version_id, v_actor, v_at);
    v_commit := efir_budget.open_commit(p_budget_version_id, v_session, 'manual', p_operation_id, v_actor, v_at);
    UPDATE efir_budget.planning_cells AS cell
    SET is_locked = p_lock, lock_reason = CASE WHEN p_lock THEN p_reason END,
      modified_by = v_actor, modified_at = v_at, version = -2147483648
    WHERE cell.id = ANY(v_ids);
  END IF;

  IF p_filter IS NULL THEN
    SELECT jsonb_agg(
      CASE
        WHEN item.problem IS NOT NULL THEN item.problem
        WHEN cell.id IS NULL THEN '["not_found", "There is no such cell."]'
        WHEN cell.modified_at = v_at AND cell.id = ANY(v_ids) THEN jsonb_build_array(v_done, cell.id, cell.version)
        ELSE jsonb_build_array('unchanged', cell.id, cell.version)
      END
      ORDER BY item.n
    ) INTO v_results
    FROM unnest(v_items) AS item
    LEFT JOIN efir_budget.planning_cells AS cell ON cell.id = item.id AND cell.deleted_at IS NULL;
  END IF;

  PERFORM efir_budget.stamp_revisions();

  v_result := jsonb_build_object(
    'revision', coalesce(
      (SELECT stamped.revision FROM efir_budget.cell_commits AS stamped WHERE stamped.commit_id = v_commit),
      efir_budget.current_revision(p_budget_version_id)
    ),
    'operationId', p_operation_id, 'sessionId', CASE WHEN v_commit IS NOT NULL THEN v_session END,
    'actor', v_actor, 'at', v_at, v_done, cardinality(v_ids)
  );
  IF v_results IS NOT NULL THEN
    v_result := v_result || jsonb_build_object('results', v_results);
  END IF;
  IF p_operation_id IS NOT NULL THEN
    INSERT INTO efir_budget.cell_operations (operation_id, budget_version_id, actor, payload_hash, result)
    VALUES (p_operation_id, p_budget_version_id, v_actor, v_hash, v_result);
  END IF;
  RETURN v_result;
EXCEPTION
  WHEN deadlock_detected OR serialization_failure THEN
    -- Not among these functions, whose locks are ordered: with a transaction of someone's own SQL.
    RAISE EXCEPTION 'The cells were being changed by others in another order; nothing was done.'
      USING ERRCODE = 'PT503', DETAIL = '{}', HINT = 'Send the call again.';
END
$$;

COMMENT ON FUNCTION efir_budget.set_locks IS 'Locks or unlocks cells. Internal.';

CREATE FUNCTION efir_budget.lock_cells(
  p_budget_version_id uuid,
  p_references jsonb DEFAULT NULL,
  p_filter jsonb DEFAULT NULL,
  p_reason text DEFAULT NULL,
  p_operation_id uuid DEFAULT NULL
) RETURNS jsonb
LANGUAGE sql
SECURITY DEFINER
SET search_path = ''
AS $$
  SELECT efir_budget.set_locks(p_budget_version_id, p_references, p_filter, TRUE, p_reason, p_operation_id)
$$;

COMMENT ON FUNCTION efir_budget.lock_cells IS
'Locks the cells that the references name, or that the filter finds. Call it last in a transaction, and once.';

CREATE FUNCTION efir_budget.unlock_cells(
  p_budget_version_id uuid,
  p_references jsonb DEFAULT NULL,
  p_filter jsonb DEFAULT NULL,
  p_operation_id uuid DEFAULT NULL
) RETURNS jsonb
LANGUAGE sql
SECURITY DEFINER
SET search_path = ''
AS $$
  SELECT efir_budget.set_locks(p_budget_version_id, p_references, p_filter, FALSE, NULL, p_operation_id)
$$;

COMMENT ON FUNCTION efir_budget.unlock_cells IS
'Unlocks the cells that the references name, or that the filter finds. Call it last in a transaction, and once.';

CREATE FUNCTION efir_budget.locked_cells(
  p_budget_version_id uuid,
  p_filter jsonb DEFAULT '{}',
  p_after uuid DEFAULT NULL,
  p_limit integer DEFAULT 10000
) RETURNS jsonb
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = ''
AS $$
DECLARE
  v_ids uuid[];
  v_reasons text[];
BEGIN
  PERFORM efir_budget.require_budget(p_budget_version_id);
  IF p_limit IS NULL OR p_limit NOT BETWEEN 1 AND 100000 THEN
    PERFORM efir_budget.refuse_argument('p_limit', to_jsonb(p_limit), '1 to 100000');
  END IF;
  EXECUTE format(
    $query$
      SELECT coalesce(array_agg(page.id), '{}'), coalesce(array_agg(page.lock_reason), '{}')
      FROM (
        SELECT cell.id, cell.lock_reason FROM efir_budget.planning_cells AS cell
        WHERE cell.budget_version_id = %L AND cell.is_locked %s %s
        ORDER BY cell.id
        LIMIT %s
      ) AS page
    $query$,
    p_budget_version_id, efir_budget.filter_condition(p_filter),
    CASE WHEN p_after IS NOT NULL THEN format('AND cell.id > %L', p_after) END,
    p_limit + 1
  ) INTO v_ids, v_reasons;

  -- Two arrays side by side are half the work of one array of pairs.
  RETURN jsonb_build_object(
    'revision', efir_budget.current_revision(p_budget_version_id),
    'ids', to_jsonb(v_ids[:p_limit]), 'reasons', to_jsonb(v_reasons[:p_limit]),
    'next', CASE WHEN cardinality(v_ids) > p_limit THEN v_ids[p_limit] END
  );
END
$$;

COMMENT ON FUNCTION efir_budget.locked_cells IS 'The locked cells in id order: their ids, and beside them the reasons.';

REVOKE ALL ON FUNCTION efir_budget.set_locks FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.lock_cells FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.unlock_cells FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.locked_cells FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION efir_budget.lock_cells, efir_budget.unlock_cells, efir_budget.locked_cells
TO authenticated, service_role;

-- 021_locks: hard locks in bulk (approval, calculation), and the one function that says who may.

-- The references of a call as checked items: what names a cell here is what names it in a write.
CREATE FUNCTION efir_budget.resolve_references(
  p_budget_version_id uuid, p_references jsonb, p_most integer
) RETURNS efir_budget.write_item[]
LANGUAGE plpgsql
SET search_path = ''
AS $$
DECLARE
  v_items jsonb;
BEGIN
  IF p_references IS NULL OR jsonb_typeof(p_references) <> 'array' OR jsonb_array_length(p_references) NOT BETWEEN 1 AND p_most THEN
    PERFORM efir_budget.refuse_argument(
      'p_references', to_jsonb(jsonb_typeof(p_references)), format('an array of 1 to %s keys and ids', p_most)
    );
  END IF;
  SELECT jsonb_agg(
    CASE jsonb_typeof(reference.value)
      WHEN 'string' THEN jsonb_build_object('id', reference.value)
      WHEN 'array' THEN jsonb_build_object(
        'module', reference.value -> 0, 'entity', reference.value -> 1, 'field', reference.value -> 2, 'period', reference.value -> 3
      )
      ELSE '{}'
    END
    ORDER BY reference.n
  ) INTO v_items
  FROM jsonb_array_elements(p_references) WITH ORDINALITY AS reference (value, n);
  RETURN efir_budget.parse_items(p_budget_version_id, v_items, NULL);
END
$$;

COMMENT ON FUNCTION efir_budget.resolve_references IS
'References (ids, or keys [module, entity, field, period]) as items; a key of no cell has no id. Internal.';

-- No migration after this one defines it again (a test sees to that), so a host's own stays. It is given the cells as
-- they are before the change: afterwards nobody could tell who had locked them.
CREATE FUNCTION efir_budget.may_change_lock(
  p_budget_version_id uuid, p_cells efir_budget.planning_cells[], p_action text
) RETURNS SETOF uuid
LANGUAGE sql
STABLE
SET search_path = ''
AS $$
  SELECT cell.id FROM unnest(p_cells) AS cell
$$;

COMMENT ON FUNCTION efir_budget.may_change_lock IS
'Yours to replace (CREATE OR REPLACE): the ids of those of the cells that the caller, auth.uid(), may "lock" or "unlock"
(p_action). As delivered: all, for every member of the organisation, which is checked before. Runs with the owner''s rights.';

-- Another reason for a lock is a lock taken and a lock set. p_items: for the places of the cells in the call.
CREATE FUNCTION efir_budget.require_lock_right(
  p_budget_version_id uuid, p_locked efir_budget.planning_cells[], p_unlocked efir_budget.planning_cells[],
  p_items efir_budget.write_item[]
) RETURNS void
LANGUAGE plpgsql
SET search_path = ''
AS $$
DECLARE
  v_barred uuid[];
  v_action text := CASE cardinality(p_locked) WHEN 0 THEN 'unlock' ELSE 'lock' END;
  v_results jsonb;
BEGIN
  SELECT array_agg(barred.id) INTO v_barred
  FROM (
    (
      SELECT cell.id FROM unnest(p_locked) AS cell
      EXCEPT
      SELECT allowed.id FROM efir_budget.may_change_lock(p_budget_version_id, p_locked, 'lock') AS allowed (id)
      WHERE cardinality(p_locked) > 0
    )
    UNION
    (
      SELECT cell.id FROM unnest(p_unlocked) AS cell
      EXCEPT
      SELECT allowed.id FROM efir_budget.may_change_lock(p_budget_version_id, p_unlocked, 'unlock') AS allowed (id)
      WHERE cardinality(p_unlocked) > 0
    )
  ) AS barred;
  IF v_barred IS NULL THEN
    RETURN;
  END IF;

  SELECT jsonb_agg(jsonb_build_array(item.n, 'forbidden', format('The cell is not yours to %s.', v_action)) ORDER BY item.n)
  INTO v_results
  FROM unnest(p_items) AS item
  WHERE item.id = ANY(v_barred);
  RAISE EXCEPTION 'Nothing was done: % of the cells are not yours to %.', cardinality(v_barred), v_action
    USING ERRCODE = 'PT403',
    DETAIL = CASE WHEN v_results IS NULL THEN '{}' ELSE jsonb_build_object('results', v_results)::text END,
    HINT = 'The function may_change_lock of this database decides it.';
END
$$;

COMMENT ON FUNCTION efir_budget.require_lock_right IS 'Refuses (PT403) unless may_change_lock allows all of it. Internal.';

-- What is written past the functions is held to the same answer.
CREATE FUNCTION efir_budget.check_lock_changes() RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = ''
SET enable_hashjoin = on
SET enable_nestloop = off
SET jit = off
AS $$
DECLARE
  v_budget uuid;
  v_locked efir_budget.planning_cells[];
  v_unlocked efir_budget.planning_cells[];
BEGIN
  IF TG_OP = 'INSERT' THEN
    FOR v_budget, v_locked IN
      SELECT cell.budget_version_id, array_agg(cell::efir_budget.planning_cells)
      FROM new_rows AS cell
      WHERE cell.is_locked
      GROUP BY cell.budget_version_id
    LOOP
      PERFORM efir_budget.require_lock_right(v_budget, v_locked, '{}', NULL);
    END LOOP;
    RETURN NULL;
  END IF;

  FOR v_budget, v_locked, v_unlocked IN
    SELECT
      cell.budget_version_id,
      coalesce(array_agg(before::efir_budget.planning_cells) FILTER (WHERE cell.is_locked), '{}'),
      coalesce(array_agg(before::efir_budget.planning_cells) FILTER (WHERE before.is_locked), '{}')
    FROM new_rows AS cell
    INNER JOIN old_rows AS before ON before.id = cell.id
    WHERE (cell.is_locked, cell.lock_reason) IS DISTINCT FROM (before.is_locked, before.lock_reason)
    GROUP BY cell.budget_version_id
  LOOP
    PERFORM efir_budget.require_lock_right(v_budget, v_locked, v_unlocked, NULL);
  END LOOP;
  RETURN NULL;
END
$$;

COMMENT ON FUNCTION efir_budget.check_lock_changes IS 'Asks may_change_lock about locks that are set or taken past the functions.';

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

-- The owner's functions ask for themselves.
CREATE TRIGGER cells_lock_inserts AFTER INSERT ON efir_budget.planning_cells
REFERENCING NEW TABLE AS new_rows
FOR EACH STATEMENT
WHEN (NOT pg_catalog.has_type_privilege('efir_budget.engine'::regtype, 'USAGE'))
EXECUTE FUNCTION efir_budget.check_lock_changes();
CREATE TRIGGER cells_lock_updates AFTER UPDATE ON efir_budget.planning_cells
REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
FOR EACH STATEMENT
WHEN (NOT pg_catalog.has_type_privilege('efir_budget.engine'::regtype, 'USAGE'))
EXECUTE FUNCTION efir_budget.check_lock_changes();

COMMENT ON TRIGGER cells_lock_inserts ON efir_budget.planning_cells IS 'See check_lock_changes.';
COMMENT ON TRIGGER cells_lock_updates ON efir_budget.planning_cells IS 'See check_lock_changes.';

REVOKE ALL ON FUNCTION efir_budget.resolve_references FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.may_change_lock FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.check_lock_changes FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.require_lock_right FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.set_locks FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.lock_cells FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.unlock_cells FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.locked_cells FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION efir_budget.lock_cells, efir_budget.unlock_cells, efir_budget.locked_cells
TO authenticated, service_role;

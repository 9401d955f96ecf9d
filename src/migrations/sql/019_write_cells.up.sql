-- 019_write_cells: many cells in one call, each based on a version, all in set-based steps.
--
-- Order of locks, the same for everyone, so that waiting never runs in a circle: operation, the user's stack
-- (hold_stack: writes share it, undo and redo have it alone), session, leases and new keys in key order, existing
-- cells in id order, and at the very end the steps and the budgets (stamp_revisions). Whoever waits for a key holds no
-- cell.

CREATE FUNCTION efir_budget.write_cells(
  p_budget_version_id uuid,
  p_items jsonb,
  p_mode text DEFAULT 'atomic',
  p_operation_id uuid DEFAULT NULL,
  p_session_id uuid DEFAULT NULL,
  p_session_label text DEFAULT NULL,
  p_change_type text DEFAULT 'manual'
) RETURNS jsonb
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = ''
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
SET enable_material = off
SET jit = off
-- Here and in all that is called from here: to plan for the very items of a call took a tenth of a small one, and never
-- found another plan than these settings leave.
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
  v_actor uuid := auth.uid();
  v_session uuid := coalesce(p_session_id, gen_random_uuid());
  v_hash bytea;
  v_result jsonb;
  v_value_type text := CASE p_change_type WHEN 'import' THEN 'imported' WHEN 'calculation' THEN 'calculated' ELSE 'input' END;
  v_author uuid := CASE WHEN v_value_type <> 'calculated' THEN v_actor END;
  v_at timestamptz := clock_timestamp();
  v_begun boolean;
  v_earnest boolean;
  v_items efir_budget.write_item[];
  v_new integer;
  v_existing integer;
  v_inserted integer := 0;
  v_good efir_budget.write_outcome[] := '{}';
  v_refused jsonb := '[]';
  v_updates integer;
  v_updated integer;
  v_commit bigint;
BEGIN
  PERFORM efir_budget.require_budget(p_budget_version_id);
  IF p_mode IS NULL OR p_mode NOT IN ('atomic', 'partial') THEN
    PERFORM efir_budget.refuse_argument('p_mode', to_jsonb(p_mode), 'atomic or partial');
  ELSIF p_change_type IS NULL OR p_change_type NOT IN ('manual', 'spread', 'import', 'calculation') THEN
    PERFORM efir_budget.refuse_argument('p_change_type', to_jsonb(p_change_type), 'manual, spread, import or calculation');
  ELSIF char_length(p_session_label) > 200 THEN
    PERFORM efir_budget.refuse_argument('p_session_label', to_jsonb(char_length(p_session_label)), 'at most 200 characters');
  ELSIF p_items IS NULL OR jsonb_typeof(p_items) <> 'array' OR jsonb_array_length(p_items) NOT BETWEEN 1 AND 10000 THEN
    PERFORM efir_budget.refuse_argument('p_items', to_jsonb(jsonb_typeof(p_items)), 'an array of 1 to 10000 objects');
  ELSIF jsonb_path_exists(p_items, '$[*] ? (@.type() != "object")') THEN
    PERFORM efir_budget.refuse_argument('p_items', NULL, 'an array of 1 to 10000 objects');
  END IF;

  IF p_operation_id IS NOT NULL THEN
    v_hash := sha256(convert_to(
      p_items::text || jsonb_build_array(p_mode, p_session_id, p_session_label, p_change_type)::text, 'UTF8'
    ));
    v_result := efir_budget.replay_operation(p_operation_id, p_budget_version_id, v_actor, v_hash);
    IF v_result IS NOT NULL THEN
      RETURN v_result;
    END IF;
  END IF;
  PERFORM efir_budget.hold_stack(v_actor, FALSE);
  SELECT joined.session_id, joined.begun INTO v_session, v_begun
  FROM efir_budget.join_session(v_session, p_budget_version_id, v_actor, p_session_label, p_change_type) AS joined;

  v_items := efir_budget.parse_items(p_budget_version_id, p_items, NULL);
  SELECT sorted.* INTO v_new, v_existing, v_refused FROM efir_budget.sort_items(v_items) AS sorted;
  -- An atomic call that is refused anyway takes no locks; it still learns about its other items below.
  v_earnest := p_mode = 'partial' OR v_refused = '[]';

  IF v_earnest AND v_new > 0 THEN
    v_commit := efir_budget.open_commit(p_budget_version_id, v_session, p_change_type, p_operation_id, v_actor, v_at);
    INSERT INTO efir_budget.planning_cells (
      id, budget_version_id, module_code, entity_id, field_name, period_code,
      value_numeric, value_text, value_type, modified_by, modified_at, created_at, version, effective_version, effective_author
    )
    SELECT
      item.new_id, p_budget_version_id, item.module_code, item.entity_id, item.field_name, item.period_code,
      item.value_numeric, item.value_text, v_value_type, v_actor, v_at, v_at, 1, 1, v_author
    FROM unnest(v_items) AS item
    WHERE item.problem IS NULL AND item.id IS NULL AND NOT item.deleting
    ORDER BY item.module_code COLLATE "C", item.entity_id, item.field_name COLLATE "C", item.period_code COLLATE "C"
    ON CONFLICT ON CONSTRAINT uq_planning_cell DO NOTHING;
    GET DIAGNOSTICS v_inserted = ROW_COUNT;

    IF v_inserted < v_new THEN
      -- Someone else made some of these cells meanwhile: from here on they are existing ones.
      SELECT efir_budget.parse_items(p_budget_version_id, p_items, array_agg(item.new_id ORDER BY item.n))
      INTO v_items
      FROM unnest(v_items) AS item;
      SELECT sorted.* INTO v_new, v_existing, v_refused FROM efir_budget.sort_items(v_items) AS sorted;
      IF v_new > 0 THEN
        -- Neither made by us nor to be found: the budget went away meanwhile, and its cells with it.
        PERFORM efir_budget.require_budget(NULL);
      END IF;
    END IF;
  END IF;

  IF v_earnest AND v_existing > 0 THEN
    -- Lock and compare in one: a stale writer leaves the row to others, and who waited sees the newest version.
    WITH held AS MATERIALIZED (
      SELECT
        item.n, item.value_numeric, item.value_text, item.deleting,
        cell.ctid AS place, cell.id, cell.version, cell.value_numeric AS old_numeric, cell.value_text AS old_text,
        cell.deleted_at, cell.effective_author
      FROM unnest(v_items) AS item
      INNER JOIN efir_budget.planning_cells AS cell ON cell.id = item.id
      WHERE item.problem IS NULL AND item.id <> item.new_id AND NOT cell.is_locked
        AND CASE
          WHEN item.base IS NULL THEN TRUE
          WHEN item.base = 0 THEN cell.deleted_at IS NOT NULL
          ELSE item.base IN (-1, cell.version) AND cell.deleted_at IS NULL
        END
      ORDER BY cell.id
      FOR NO KEY UPDATE OF cell
    ),
    judged AS (
      SELECT
        held.*,
        CASE
          -- No cell and an empty one show the same: nothing.
          WHEN held.deleted_at IS NOT NULL THEN held.value_numeric IS NOT NULL OR held.value_text IS NOT NULL
          WHEN held.deleting THEN TRUE
          WHEN held.value_numeric IS DISTINCT FROM held.old_numeric OR held.value_text IS DISTINCT FROM held.old_text THEN TRUE
          -- To repeat by hand what someone else wrote is to confirm it, and survives the other's undo.
          ELSE p_change_type = 'manual' AND coalesce(held.effective_author <> v_actor, FALSE)
        END AS changes
      FROM held
    )
    SELECT
      coalesce(array_agg(
        ROW(
          judged.n, judged.place, judged.id, judged.version + judged.changes::integer, judged.changes,
          judged.value_numeric, judged.value_text, judged.deleting
        )::efir_budget.write_outcome
      ), '{}'),
      count(*) FILTER (WHERE judged.changes)
    INTO v_good, v_updates
    FROM judged;
  END IF;

  IF cardinality(v_good) < v_existing THEN
    v_refused := v_refused || efir_budget.explain_refusals(v_items, v_good, v_earnest);
  END IF;
  IF p_mode = 'atomic' AND v_refused <> '[]' THEN
    PERFORM efir_budget.refuse_write(v_refused);
  END IF;

  IF v_updates > 0 THEN
    IF v_commit IS NULL THEN
      -- Time was spent waiting for locks; a cell's times go the way of its versions.
      v_at := clock_timestamp();
      v_commit := efir_budget.open_commit(p_budget_version_id, v_session, p_change_type, p_operation_id, v_actor, v_at);
    END IF;
    UPDATE efir_budget.planning_cells AS cell
    SET value_numeric = outcome.value_numeric,
      value_text = outcome.value_text,
      value_type = v_value_type,
      deleted_at = CASE WHEN outcome.deleting THEN v_at END,
      effective_version = outcome.version,
      effective_author = v_author,
      modified_by = v_actor,
      modified_at = v_at,
      version = outcome.version
    FROM unnest(v_good) AS outcome
    WHERE cell.ctid = outcome.place AND cell.id = outcome.id AND outcome.changes;
    GET DIAGNOSTICS v_updated = ROW_COUNT;
    IF v_updated <> v_updates THEN
      -- A trigger of the host's own moved a row of ours between: what was promised above is not what would be written.
      RAISE EXCEPTION 'A trigger changed the cells while they were being written; nothing was written.'
        USING ERRCODE = 'PT503', DETAIL = '{}', HINT = 'Send the call again.';
    END IF;
  ELSIF v_inserted = 0 THEN
    -- Nothing was written: no commit, and no step to undo.
    DELETE FROM efir_budget.cell_commits AS opened WHERE opened.commit_id = v_commit;
    IF v_begun THEN
      DELETE FROM efir_budget.cell_sessions AS step WHERE step.id = v_session;
    END IF;
    v_commit := NULL;
  END IF;

  SELECT jsonb_agg(answer.result ORDER BY answer.n) INTO v_result
  FROM (
    SELECT
      item.n,
      CASE WHEN item.deleting THEN '["unchanged", null]' ELSE jsonb_build_array('written', item.new_id, 1) END AS result
    FROM unnest(v_items) AS item
    WHERE item.problem IS NULL AND coalesce(item.id = item.new_id, TRUE)
    UNION ALL
    SELECT outcome.n, jsonb_build_array('written', outcome.id, outcome.version)
    FROM unnest(v_good) AS outcome
    WHERE outcome.changes
    UNION ALL
    SELECT outcome.n, jsonb_build_array('unchanged', shown.tuple)
    FROM unnest(v_good) AS outcome
    LEFT JOIN efir_budget.cell_tuples AS shown ON shown.id = outcome.id
    WHERE NOT outcome.changes
    UNION ALL
    SELECT (refused.result ->> 0)::integer, refused.result - 0
    FROM jsonb_array_elements(v_refused) AS refused (result)
  ) AS answer;

  -- The last act, once: from here to the commit this budget's other writers wait.
  PERFORM efir_budget.stamp_revisions();

  v_result := jsonb_build_object(
    'revision', coalesce(
      (SELECT stamped.revision FROM efir_budget.cell_commits AS stamped WHERE stamped.commit_id = v_commit),
      efir_budget.current_revision(p_budget_version_id)
    ),
    'operationId', p_operation_id, 'sessionId', v_session, 'actor', v_actor, 'at', v_at, 'results', v_result
  );
  IF p_operation_id IS NOT NULL THEN
    INSERT INTO efir_budget.cell_operations (operation_id, budget_version_id, actor, payload_hash, result)
    VALUES (p_operation_id, p_budget_version_id, v_actor, v_hash, v_result);
  END IF;
  RETURN v_result;
EXCEPTION
  WHEN deadlock_detected OR serialization_failure THEN
    -- Not among these functions, whose locks are ordered: with a transaction of someone's own SQL.
    RAISE EXCEPTION 'The cells were being changed by others in another order; nothing was written.'
      USING ERRCODE = 'PT503', DETAIL = '{}', HINT = 'Send the call again.';
END
$$;

COMMENT ON FUNCTION efir_budget.write_cells IS
'Writes up to 10000 cells, each based on a version; see docs/reference/wire.md. Call it last in a transaction, and once.';

REVOKE ALL ON FUNCTION efir_budget.write_cells FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION efir_budget.write_cells TO authenticated, service_role;

-- 034_restore: going back to a revision, as a write of what was shown then.

-- What cells of the filter showed at the revision and do not show now, as items of write_cells.
CREATE FUNCTION efir_budget.items_of_revision(p_budget_version_id uuid, p_revision bigint, p_filter jsonb) RETURNS jsonb
LANGUAGE plpgsql
STABLE
SET search_path = ''
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
SET jit = off
AS $$
DECLARE
  v_ids uuid[];
  v_items jsonb;
BEGIN
  EXECUTE format(
    'SELECT array_agg(cell.id)
    FROM efir_budget.changed_after($1, $2) AS changed (id)
    CROSS JOIN LATERAL (
      SELECT * FROM efir_budget.planning_cells AS one WHERE one.id = changed.id OFFSET 0
    ) AS cell
    WHERE cell.budget_version_id = $1 %s', efir_budget.filter_condition(p_filter)
  ) INTO v_ids USING p_budget_version_id, p_revision;

  -- Put in order when they are few: in one with the join, a plan that was made for few cells would walk all of them.
  WITH differing AS MATERIALIZED (
    SELECT
      cell.id,
      CASE
        WHEN state.existed THEN jsonb_build_object(
          'id', cell.id, 'number', trim_scale(state.value_numeric)::text, 'text', state.value_text
        )
        ELSE jsonb_build_object('id', cell.id, 'delete', TRUE)
      END AS item
    FROM efir_budget.state_at(p_budget_version_id, p_revision, v_ids) AS state
    INNER JOIN efir_budget.planning_cells AS cell ON cell.id = state.cell_id
    WHERE state.value_numeric IS DISTINCT FROM cell.value_numeric OR state.value_text IS DISTINCT FROM cell.value_text
      OR (NOT state.existed AND cell.deleted_at IS NULL)
  )
  SELECT jsonb_agg(differing.item ORDER BY differing.id) INTO v_items FROM differing;
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

REVOKE ALL ON FUNCTION efir_budget.items_of_revision FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.restore_cells FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION efir_budget.restore_cells TO authenticated, service_role;

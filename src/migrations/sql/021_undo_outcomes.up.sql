-- 021_undo_outcomes: what an undo or redo of a step means for each of its cells. The rule is docs/reference/undo.md: a cell
-- shows its newest change that is not undone.

-- Whether anything at the cell was redone since: only the rows of redo are in it.
CREATE INDEX changes_redone ON efir_budget.cell_changes (cell_id, new_version DESC) WHERE change_type = 'redo';

CREATE TYPE efir_budget.turn_outcome AS (
  id uuid,
  outcome text,
  effective_version integer,
  effective_author uuid,
  value_numeric numeric(18, 4),
  value_text text,
  value_type text,
  deleted boolean
);
COMMENT ON TYPE efir_budget.turn_outcome IS
'A cell of a step that is undone or redone: what becomes of it and, where that is "reverted", the change it shows then.';
REVOKE ALL ON TYPE efir_budget.turn_outcome FROM PUBLIC;

-- Reads only. To act on it, call it in a statement after the one that locked the cells: only a snapshot of its own sees
-- what the locks waited for. Only an undo of what a cell shows walks down a history, from there; and where nothing was
-- redone since that was written, from what it was written over: all between was undone then, and is.
CREATE FUNCTION efir_budget.judge_turn(p_step_id uuid, p_kind text, p_ids uuid[]) RETURNS efir_budget.turn_outcome[]
LANGUAGE plpgsql
STABLE
SET search_path = ''
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
SET enable_material = off
SET jit = off
AS $$
DECLARE
  -- Looked for once and not at every cell: what was never undone has no marks.
  v_marked CONSTANT boolean := (SELECT step.turned FROM efir_budget.cell_sessions AS step WHERE step.id = p_step_id);
  v_turned efir_budget.turn_outcome[];
BEGIN
  WITH own AS MATERIALIZED (
    SELECT
      change.cell_id,
      min(change.new_version) AS oldest,
      -- The newest, and what that was written over.
      max(ARRAY[change.new_version, coalesce(change.under_version, 0)]) AS last
    FROM efir_budget.cell_changes AS change
    WHERE p_ids IS NULL AND change.session_id = p_step_id
      AND change.change_type NOT IN ('undo', 'redo', 'calculation') AND change.action NOT IN ('lock', 'unlock')
    GROUP BY change.cell_id
    UNION ALL
    -- Of some of its cells: the newest that the step did to each, also where that is not in this part of it. It is mostly the
    -- cell's newest of all; to find the oldest as well would read all of the cell's log, and no part needs it: where there
    -- is a mark, something was there before it.
    SELECT part.id, 0, newest.last
    FROM unnest(p_ids) AS part (id)
    CROSS JOIN LATERAL (
      SELECT ARRAY[change.new_version, coalesce(change.under_version, 0)] AS last
      FROM efir_budget.cell_changes AS change
      WHERE change.cell_id = part.id AND change.session_id IS NOT DISTINCT FROM p_step_id
        AND change.change_type NOT IN ('undo', 'redo', 'calculation') AND change.action NOT IN ('lock', 'unlock')
      ORDER BY change.new_version DESC
      LIMIT 1
    ) AS newest
  ),
  standing AS MATERIALIZED (
    SELECT
      cell.id, own.last[1] AS newest, own.last[2] AS under, cell.is_locked, cell.deleted_at,
      NOT cell.is_locked AND CASE p_kind
        WHEN 'undo' THEN coalesce(cell.effective_version = own.last[1], FALSE)
        ELSE own.last[1] > coalesce(cell.effective_version, 0)
      END AS reverting
    FROM own
    INNER JOIN efir_budget.planning_cells AS cell ON cell.id = own.cell_id
    LEFT JOIN LATERAL (
      SELECT mark.change_type, mark.new_version
      FROM efir_budget.cell_changes AS mark
      WHERE v_marked AND mark.cell_id = own.cell_id AND mark.ref_session_id = p_step_id AND mark.change_type IN ('undo', 'redo')
      ORDER BY mark.new_version DESC, mark.commit_id DESC
      LIMIT 1
    ) AS latest ON TRUE
    -- To undo is what has a change that is not undone, to redo what has one that is: latest speaks for those before it.
    WHERE CASE p_kind
      WHEN 'undo' THEN latest.change_type IS DISTINCT FROM 'undo' OR own.last[1] > latest.new_version
      ELSE latest.change_type = 'undo' AND own.oldest <= latest.new_version
    END
  ),
  below AS MATERIALIZED (
    SELECT
      standing.*,
      CASE
        WHEN p_kind = 'redo' OR NOT standing.reverting THEN NULL
        WHEN EXISTS (
          SELECT FROM efir_budget.cell_changes AS mark
          WHERE mark.cell_id = standing.id AND mark.new_version >= standing.newest AND mark.change_type = 'redo'
            AND mark.ref_session_id <> p_step_id
        ) THEN standing.newest - 1
        ELSE standing.under
      END AS ceiling
    FROM standing
  )
  SELECT array_agg(
    ROW(
      standing.id,
      CASE
        WHEN standing.is_locked THEN 'locked'
        WHEN standing.reverting THEN 'reverted'
        WHEN standing.deleted_at IS NOT NULL THEN 'missing'
        ELSE 'superseded'
      END,
      shown.new_version,
      CASE WHEN shown.change_type <> 'calculation' THEN shown.actor END,
      CASE WHEN shown.new_version IS NULL THEN oldest.old_value ELSE shown.new_value END,
      CASE WHEN shown.new_version IS NULL THEN oldest.old_text ELSE shown.new_text END,
      -- What the record says; one that is older than the column says it by the kind of work.
      coalesce(
        shown.value_type,
        CASE shown.change_type WHEN 'calculation' THEN 'calculated' WHEN 'import' THEN 'imported' ELSE 'input' END
      ),
      coalesce(shown.action = 'delete', FALSE)
    )::efir_budget.turn_outcome
    ORDER BY standing.id
  ) INTO v_turned
  FROM below AS standing
  LEFT JOIN LATERAL (
    SELECT change.new_version, change.change_type, step.actor, change.new_value, change.new_text, change.action, change.value_type
    FROM efir_budget.cell_changes AS change
    LEFT JOIN efir_budget.cell_sessions AS step ON step.id = change.session_id
    WHERE standing.reverting
      AND change.cell_id = standing.id
      AND change.new_version <= CASE p_kind WHEN 'undo' THEN standing.ceiling ELSE standing.newest END
      AND change.change_type NOT IN ('undo', 'redo') AND change.action NOT IN ('lock', 'unlock')
      AND (
        p_kind = 'redo'
        -- Calculations and what programs wrote are nobody's step, so never undone.
        OR change.change_type = 'calculation'
        OR change.changed_by IS NULL
        OR (
          change.session_id <> p_step_id
          AND (
            NOT step.turned
            OR 'undo' IS DISTINCT FROM (
              SELECT mark.change_type
              FROM efir_budget.cell_changes AS mark
              WHERE mark.cell_id = standing.id AND mark.ref_session_id = change.session_id
                AND mark.new_version >= change.new_version AND mark.change_type IN ('undo', 'redo')
              ORDER BY mark.new_version DESC, mark.commit_id DESC
              LIMIT 1
            )
          )
        )
      )
    ORDER BY change.new_version DESC
    LIMIT 1
  ) AS shown ON TRUE
  LEFT JOIN LATERAL (
    SELECT change.old_value, change.old_text
    FROM efir_budget.cell_changes AS change
    WHERE shown.new_version IS NULL AND standing.reverting AND change.cell_id = standing.id AND change.new_version > 0
      AND change.change_type NOT IN ('undo', 'redo') AND change.action NOT IN ('lock', 'unlock')
    ORDER BY change.new_version
    LIMIT 1
  ) AS oldest ON TRUE;
  RETURN coalesce(v_turned, '{}');
END
$$;

COMMENT ON FUNCTION efir_budget.judge_turn IS
'What an undo or redo of the step means for each of its cells, or for those of them that are named. Internal.';

-- A cell that is not there is told by its address and version, for there is no tuple of it.
CREATE FUNCTION efir_budget.turn_results(p_ids uuid[], p_outcomes text[]) RETURNS jsonb
LANGUAGE plpgsql
STABLE
SET search_path = ''
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
SET enable_material = off
SET jit = off
AS $$
BEGIN
  RETURN coalesce((
    SELECT jsonb_agg(
      CASE
        WHEN shown.id IS NOT NULL THEN jsonb_build_array(turned.outcome, shown.tuple)
        ELSE jsonb_build_array(turned.outcome, NULL, gone.tuple)
      END
      -- They come in id order. By the id itself, a plan that was made for few cells would walk all of them in that order.
      ORDER BY turned.n
    )
    FROM unnest(p_ids, p_outcomes) WITH ORDINALITY AS turned (id, outcome, n)
    LEFT JOIN efir_budget.cell_tuples AS shown ON shown.id = turned.id
    LEFT JOIN LATERAL (
      SELECT jsonb_build_array(
        cell.id, cell.module_code, cell.entity_id, cell.field_name, cell.period_code, cell.version
      ) AS tuple
      FROM efir_budget.planning_cells AS cell
      WHERE shown.id IS NULL AND cell.id = turned.id
      OFFSET 0
    ) AS gone ON TRUE
  ), '[]');
END
$$;

COMMENT ON FUNCTION efir_budget.turn_results IS 'The outcomes as the wire knows them, with the cells as they are now. Internal.';

CREATE FUNCTION efir_budget.preview_turn(p_budget_version_id uuid, p_kind text, p_scope jsonb) RETURNS jsonb
LANGUAGE plpgsql
STABLE
SET search_path = ''
AS $$
DECLARE
  v_step efir_budget.cell_sessions;
  v_part record;
  v_ids uuid[];
  v_outcomes text[];
BEGIN
  PERFORM efir_budget.require_budget(p_budget_version_id);
  v_step := efir_budget.top_step(p_budget_version_id, efir_budget.require_user(), p_kind, p_scope);
  v_part := efir_budget.step_part(v_step, p_kind, 10000);
  SELECT array_agg(turned.id), array_agg(turned.outcome) INTO v_ids, v_outcomes
  FROM unnest(efir_budget.judge_turn(v_step.id, p_kind, CASE WHEN NOT v_part.whole THEN v_part.ids END)) AS turned;
  RETURN jsonb_build_object(
    'revision', efir_budget.current_revision(p_budget_version_id),
    'sessionId', v_step.id,
    'label', v_step.label,
    'more', v_part.more,
    'results', efir_budget.turn_results(v_ids, v_outcomes)
  );
END
$$;

COMMENT ON FUNCTION efir_budget.preview_turn IS 'What undo or redo would answer now. Internal.';

CREATE FUNCTION efir_budget.preview_undo(p_budget_version_id uuid, p_scope jsonb DEFAULT NULL) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = ''
AS $$
  SELECT efir_budget.preview_turn(p_budget_version_id, 'undo', p_scope)
$$;

COMMENT ON FUNCTION efir_budget.preview_undo IS 'What undo would do now, cell by cell, with the cells as they are.';

CREATE FUNCTION efir_budget.preview_redo(p_budget_version_id uuid, p_scope jsonb DEFAULT NULL) RETURNS jsonb
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = ''
AS $$
  SELECT efir_budget.preview_turn(p_budget_version_id, 'redo', p_scope)
$$;

COMMENT ON FUNCTION efir_budget.preview_redo IS 'What redo would do now, cell by cell, with the cells as they are.';

REVOKE ALL ON FUNCTION efir_budget.judge_turn FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.turn_results FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.preview_turn FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.preview_undo FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.preview_redo FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION efir_budget.preview_undo, efir_budget.preview_redo TO authenticated, service_role;

-- 033_as_of: cells as they were at a revision, or at a time.

-- What cells were at a revision. A cell was what its newest change up to then made of it (undo's records of what lies
-- under a later change, which keep the version, made nothing of it). Cells older than the log are
-- what their first change found, and where there is none, what they are. Among the records that came with an older
-- log, which have no revision, p_at chooses: they are all of revision 0.
CREATE FUNCTION efir_budget.state_at(
  p_budget_version_id uuid, p_revision bigint, p_cell_ids uuid[], p_at timestamptz DEFAULT NULL
) RETURNS TABLE (
  cell_id uuid,
  existed boolean,
  module_code varchar,
  entity_id uuid,
  field_name varchar,
  period_code varchar,
  value_numeric numeric,
  value_text text,
  value_type varchar,
  is_locked boolean,
  lock_reason varchar,
  version integer,
  modified_by uuid,
  modified_at timestamptz
)
LANGUAGE sql
STABLE
SET search_path = ''
-- One index lookup per cell, however the log has grown since a plan was made. Nested loops were forbidden by who calls.
SET enable_nestloop = on
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
SET jit = off
AS $$
  SELECT
    cell.id,
    CASE
      WHEN newest.id IS NOT NULL THEN NOT newest.is_deleted
      WHEN earlier.id IS NULL AND cell.created_at > p_at THEN FALSE
      WHEN next.id IS NOT NULL THEN next.action = 'delete' OR NOT next.is_deleted AND next.action NOT IN ('insert', 'restore')
      ELSE cell.deleted_at IS NULL
    END,
    cell.module_code, cell.entity_id, cell.field_name, cell.period_code,
    CASE
      WHEN newest.id IS NOT NULL THEN newest.new_value
      WHEN later.id IS NOT NULL THEN CASE WHEN earlier.id IS NOT NULL THEN earlier.new_value ELSE later.old_value END
      WHEN next.id IS NOT NULL THEN next.old_value
      ELSE cell.value_numeric
    END,
    CASE
      WHEN newest.id IS NOT NULL THEN newest.new_text
      WHEN later.id IS NOT NULL THEN NULL
      WHEN next.id IS NOT NULL THEN next.old_text
      ELSE cell.value_text
    END,
    CASE
      WHEN newest.id IS NOT NULL THEN newest.value_type
      WHEN next.id IS NOT NULL OR later.id IS NOT NULL THEN 'input'
      ELSE cell.value_type
    END,
    CASE
      WHEN newest.id IS NOT NULL THEN newest.is_locked
      WHEN next.id IS NOT NULL THEN next.action = 'unlock' OR next.is_locked AND next.action <> 'lock'
      ELSE cell.is_locked
    END,
    CASE
      WHEN newest.id IS NOT NULL THEN newest.lock_reason
      WHEN next.id IS NOT NULL THEN CASE WHEN next.is_locked AND next.action <> 'lock' THEN next.lock_reason END
      ELSE cell.lock_reason
    END,
    CASE WHEN newest.id IS NOT NULL THEN newest.new_version WHEN next.id IS NOT NULL THEN next.old_version ELSE cell.version END,
    CASE
      WHEN newest.id IS NOT NULL THEN newest.changed_by
      WHEN next.id IS NOT NULL OR later.id IS NOT NULL THEN earlier.changed_by
      ELSE cell.modified_by
    END,
    CASE
      WHEN newest.id IS NOT NULL THEN newest.changed_at
      WHEN next.id IS NOT NULL OR later.id IS NOT NULL THEN coalesce(earlier.changed_at, cell.created_at)
      ELSE cell.modified_at
    END
  FROM unnest(p_cell_ids) AS wanted (id)
  INNER JOIN efir_budget.planning_cells AS cell
    ON cell.id = wanted.id AND cell.budget_version_id IS NOT DISTINCT FROM p_budget_version_id
  LEFT JOIN LATERAL (
    SELECT change.*
    FROM efir_budget.cell_changes AS change
    WHERE change.cell_id = wanted.id
      -- Not a join, which could be begun at the commits: with all of them.
      AND (SELECT made.revision FROM efir_budget.cell_commits AS made WHERE made.commit_id = change.commit_id) <= p_revision
      AND change.old_version IS DISTINCT FROM change.new_version
    ORDER BY change.new_version DESC
    LIMIT 1
  ) AS newest ON TRUE
  LEFT JOIN LATERAL (
    SELECT change.*
    FROM efir_budget.cell_changes AS change
    WHERE newest.id IS NULL AND change.cell_id = wanted.id AND change.commit_id IS NOT NULL
      AND change.old_version IS DISTINCT FROM change.new_version
    ORDER BY change.new_version
    LIMIT 1
  ) AS next ON TRUE
  LEFT JOIN LATERAL (
    SELECT change.*
    FROM efir_budget.cell_changes AS change
    WHERE newest.id IS NULL AND change.cell_id = wanted.id AND change.commit_id IS NULL
      AND change.changed_at <= coalesce(p_at, 'infinity')
    ORDER BY change.changed_at DESC, change.sequence_number DESC, change.id DESC
    LIMIT 1
  ) AS earlier ON TRUE
  LEFT JOIN LATERAL (
    SELECT change.*
    FROM efir_budget.cell_changes AS change
    WHERE newest.id IS NULL AND change.cell_id = wanted.id AND change.commit_id IS NULL AND change.changed_at > p_at
    ORDER BY change.changed_at, change.sequence_number, change.id
    LIMIT 1
  ) AS later ON TRUE
$$;

COMMENT ON FUNCTION efir_budget.state_at IS
'What each of these cells of a budget was at a revision, and whether it existed. Internal.';

CREATE FUNCTION efir_budget.changed_after(p_budget_version_id uuid, p_revision bigint) RETURNS SETOF uuid
LANGUAGE sql
STABLE
SET search_path = ''
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
SET jit = off
AS $$
  SELECT DISTINCT change.cell_id
  FROM efir_budget.cell_commits AS made
  INNER JOIN efir_budget.cell_changes AS change ON change.session_id = made.session_id AND change.commit_id = made.commit_id
  WHERE made.budget_version_id = p_budget_version_id AND made.revision > p_revision
$$;

COMMENT ON FUNCTION efir_budget.changed_after IS
'The cells that were changed after a revision: all others are what they were at it. Internal.';

-- As of a time is as of the last revision before the first commit that was begun after it. What a long transaction
-- had begun by then but not yet committed may be in it; what was begun after it is not; and a later time never has
-- less.
CREATE FUNCTION efir_budget.revision_as_of(p_budget_version_id uuid, p_revision bigint, p_at timestamptz) RETURNS bigint
LANGUAGE plpgsql
STABLE
SET search_path = ''
AS $$
DECLARE
  v_newest bigint := efir_budget.current_revision(p_budget_version_id);
  v_oldest bigint := efir_budget.oldest_revision(p_budget_version_id);
  v_revision bigint := p_revision;
BEGIN
  IF num_nonnulls(p_revision, p_at) <> 1 THEN
    PERFORM efir_budget.refuse_argument('p_revision', to_jsonb(p_revision), 'given, or else p_at, and not both');
  END IF;
  IF p_at IS NOT NULL THEN
    SELECT coalesce(min(made.revision) - 1, v_newest) INTO v_revision
    FROM efir_budget.cell_commits AS made
    WHERE made.budget_version_id = p_budget_version_id AND made.created_at > p_at;
  END IF;
  IF v_revision NOT BETWEEN v_oldest AND v_newest THEN
    PERFORM efir_budget.refuse_argument('p_revision', to_jsonb(v_revision), format('%s to %s', v_oldest, v_newest));
  END IF;
  RETURN v_revision;
END
$$;

COMMENT ON FUNCTION efir_budget.revision_as_of IS
'The revision that is meant by a revision or a time; refused (PT422) where the log does not reach. Internal.';

-- Rows of state_at as the wire knows them.
CREATE FUNCTION efir_budget.states_message(
  p_budget_version_id uuid, p_revision bigint, p_cell_ids uuid[], p_at timestamptz, p_with_missing boolean
) RETURNS jsonb
LANGUAGE sql
STABLE
SET search_path = ''
SET enable_nestloop = off
AS $$
  SELECT coalesce(jsonb_agg(
    CASE WHEN state.existed THEN jsonb_build_array(
      state.cell_id, state.module_code, state.entity_id, state.field_name, state.period_code,
      trim_scale(state.value_numeric)::text, state.value_text, state.value_type,
      state.is_locked, state.lock_reason, state.version, state.modified_by, state.modified_at
    ) END
    ORDER BY wanted.n
  ) FILTER (WHERE state.existed OR p_with_missing), '[]')
  FROM unnest(p_cell_ids) WITH ORDINALITY AS wanted (id, n)
  LEFT JOIN efir_budget.state_at(
    p_budget_version_id, p_revision, ARRAY(SELECT DISTINCT given.id FROM unnest(p_cell_ids) AS given (id)), p_at
  ) AS state ON state.cell_id = wanted.id
$$;

COMMENT ON FUNCTION efir_budget.states_message IS
'Cells as they were, in the order of the ids; with null, or nothing, for those that did not exist. Internal.';

CREATE FUNCTION efir_budget.cells_as_of(
  p_budget_version_id uuid,
  p_revision bigint DEFAULT NULL,
  p_at timestamptz DEFAULT NULL,
  p_filter jsonb DEFAULT '{}',
  p_after uuid DEFAULT NULL,
  p_limit integer DEFAULT 1000
) RETURNS jsonb
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = ''
AS $$
DECLARE
  v_revision bigint;
  v_ids uuid[];
BEGIN
  PERFORM efir_budget.require_budget(p_budget_version_id);
  v_revision := efir_budget.revision_as_of(p_budget_version_id, p_revision, p_at);
  IF p_limit IS NULL OR p_limit NOT BETWEEN 1 AND 10000 THEN
    PERFORM efir_budget.refuse_argument('p_limit', to_jsonb(p_limit), '1 to 10000');
  END IF;

  -- Of all cells that there ever were, so that a page may have fewer, but costs no more than its size.
  EXECUTE format(
    $query$
      SELECT coalesce(array_agg(page.id ORDER BY page.id), '{}') FROM (
        SELECT cell.id FROM efir_budget.planning_cells AS cell
        WHERE cell.budget_version_id = %L %s %s
        ORDER BY cell.id
        LIMIT %s
      ) AS page
    $query$,
    p_budget_version_id, efir_budget.key_condition(p_filter),
    CASE WHEN p_after IS NOT NULL THEN format('AND cell.id > %L', p_after) END, p_limit + 1
  ) INTO v_ids;

  RETURN jsonb_build_object(
    'revision', v_revision,
    'cells', efir_budget.states_message(p_budget_version_id, v_revision, v_ids[:p_limit], p_at, FALSE),
    'next', CASE WHEN cardinality(v_ids) > p_limit THEN v_ids[p_limit] END
  );
END
$$;

COMMENT ON FUNCTION efir_budget.cells_as_of IS
'Cells of a budget as they were at a revision or a time, in id order; a page may hold fewer than asked for and still not be the last.';

CREATE FUNCTION efir_budget.read_cells_as_of(
  p_budget_version_id uuid, p_references jsonb, p_revision bigint DEFAULT NULL, p_at timestamptz DEFAULT NULL
) RETURNS jsonb
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = ''
AS $$
DECLARE
  v_revision bigint;
  v_items jsonb;
  v_ids uuid[];
BEGIN
  PERFORM efir_budget.require_budget(p_budget_version_id);
  v_revision := efir_budget.revision_as_of(p_budget_version_id, p_revision, p_at);
  IF p_references IS NULL OR jsonb_typeof(p_references) <> 'array' OR jsonb_array_length(p_references) > 10000 THEN
    PERFORM efir_budget.refuse_argument('p_references', to_jsonb(jsonb_typeof(p_references)), 'an array of at most 10000 keys and ids');
  END IF;

  -- A write call finds its cells in the same way, the deleted ones too.
  SELECT coalesce(jsonb_agg(
    CASE
      WHEN jsonb_typeof(reference.value) = 'array' THEN jsonb_build_object(
        'module', reference.value -> 0, 'entity', reference.value -> 1, 'field', reference.value -> 2, 'period', reference.value -> 3
      )
      ELSE jsonb_build_object('id', reference.value)
    END
    ORDER BY reference.n
  ), '[]') INTO v_items
  FROM jsonb_array_elements(p_references) WITH ORDINALITY AS reference (value, n);
  SELECT coalesce(array_agg(item.id ORDER BY item.n), '{}') INTO v_ids
  FROM unnest(efir_budget.parse_items(p_budget_version_id, v_items, NULL)) AS item;

  RETURN jsonb_build_object(
    'revision', v_revision, 'cells', efir_budget.states_message(p_budget_version_id, v_revision, v_ids, p_at, TRUE)
  );
END
$$;

COMMENT ON FUNCTION efir_budget.read_cells_as_of IS
'The cells that the references name as they were at a revision or a time, in their order; null where there was none.';

REVOKE ALL ON FUNCTION efir_budget.state_at FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.changed_after FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.revision_as_of FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.states_message FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.cells_as_of FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.read_cells_as_of FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION efir_budget.cells_as_of, efir_budget.read_cells_as_of TO authenticated, service_role;

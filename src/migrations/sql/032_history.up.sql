-- 032_history: the record of changes, newest first, of whatever the filter names: a cell, an entity, a step, a user, a
-- period, all of the budget.
--
-- The order is that of the revisions, so that what is written while someone pages comes before his first page and
-- never into the middle. Records older than migration 010 have no revision and come last, by time.

-- Only what came with an older log is in it, so it costs a new record nothing.
CREATE INDEX changes_adopted ON efir_budget.cell_changes (budget_version_id, changed_at DESC) WHERE commit_id IS NULL;

-- What a user wrote is found by his commits.
CREATE INDEX commits_actor ON efir_budget.cell_commits (budget_version_id, actor, revision);

CREATE VIEW efir_budget.change_records WITH (security_invoker = true) AS
SELECT
  change.id,
  jsonb_build_object(
    'id', change.id, 'revision', made.revision, 'at', change.changed_at, 'actor', change.changed_by,
    'action', change.action, 'changeType', change.change_type,
    'cell', jsonb_build_array(change.cell_id, change.module_code, change.entity_id, change.field_name, change.period_code),
    'exists', cell.id IS NOT NULL AND cell.deleted_at IS NULL,
    'before', jsonb_build_array(trim_scale(change.old_value)::text, change.old_text, change.old_version),
    'after', jsonb_build_array(trim_scale(change.new_value)::text, change.new_text, change.new_version),
    'valueType', change.value_type, 'isLocked', change.is_locked, 'lockReason', change.lock_reason,
    'sessionId', change.session_id, 'sessionLabel', step.label, 'refSessionId', change.ref_session_id,
    'operationId', change.operation_id
  ) AS message,
  jsonb_build_array(coalesce(made.revision, 0), change.changed_at, change.sequence_number, change.id) AS place
FROM efir_budget.cell_changes AS change
LEFT JOIN efir_budget.cell_commits AS made ON made.commit_id = change.commit_id
LEFT JOIN efir_budget.cell_sessions AS step ON step.id = change.session_id
LEFT JOIN efir_budget.planning_cells AS cell ON cell.id = change.cell_id;

COMMENT ON VIEW efir_budget.change_records IS 'Records as the wire knows them, and their place in the order. Internal.';
REVOKE ALL ON efir_budget.change_records FROM PUBLIC, anon, authenticated, service_role;

-- A row of the log that is called cell, as filter_condition has it, because their columns have the same names.
CREATE FUNCTION efir_budget.record_condition(
  p_budget_version_id uuid, p_filter jsonb, OUT condition text, OUT commits text, OUT narrow boolean
)
LANGUAGE plpgsql
STABLE
SET search_path = ''
AS $$
DECLARE
  c_own CONSTANT jsonb := '{"cell": "cell_id", "session": "session_id", "user": "changed_by", "type": "change_type"}';
  v_member text;
  v_own record;
BEGIN
  IF jsonb_typeof(p_filter) = 'object' AND p_filter - ARRAY['module', 'entity', 'field', 'period', 'cell', 'session', 'user', 'type'] <> '{}' THEN
    PERFORM efir_budget.refuse_argument('p_filter', p_filter, 'an object of module, entity, field, period, cell, session, user, type');
  END IF;
  condition := efir_budget.filter_condition(
    CASE WHEN jsonb_typeof(p_filter) = 'object' THEN p_filter - ARRAY['cell', 'session', 'user', 'type'] ELSE p_filter END
  );
  narrow := p_filter ?| ARRAY['cell', 'session', 'entity'];
  commits := '';

  -- The record of an entity is that of its cells, and what was recorded before there were commits, also of cells that
  -- are gone.
  IF p_filter ? 'entity' THEN
    condition := condition || format(
      ' AND (cell.commit_id IS NULL OR cell.cell_id = ANY(%L))',
      efir_budget.cells_of_entities(p_budget_version_id, p_filter - ARRAY['cell', 'session', 'user', 'type'])
    );
  END IF;

  FOR v_member IN SELECT jsonb_object_keys(p_filter) LOOP
    CONTINUE WHEN NOT c_own ? v_member;
    SELECT member.texts, member.with_null INTO v_own FROM efir_budget.filter_member(p_filter, v_member) AS member;
    IF v_member <> 'type' AND EXISTS (
      SELECT FROM unnest(v_own.texts) AS given (value) WHERE NOT pg_input_is_valid(given.value, 'uuid')
    ) THEN
      PERFORM efir_budget.refuse_argument('p_filter.' || v_member, p_filter -> v_member, 'a uuid, or uuids');
    ELSIF v_member = 'type' AND NOT v_own.texts <@ ARRAY['manual', 'spread', 'import', 'undo', 'redo', 'calculation'] THEN
      PERFORM efir_budget.refuse_argument('p_filter.type', p_filter -> 'type', 'manual, spread, import, undo, redo, calculation');
    END IF;
    condition := condition || format(
      CASE WHEN v_own.with_null THEN ' AND (cell.%1$I IS NULL OR cell.%1$I = ANY(%2$L))' ELSE ' AND cell.%1$I = ANY(%2$L)' END,
      c_own ->> v_member, v_own.texts
    );
    -- A program names whom it likes as the author.
    IF v_member = 'user' THEN
      commits := format(' AND (made.actor IS NULL OR made.actor = ANY(%L))', v_own.texts);
    END IF;
  END LOOP;
END
$$;

COMMENT ON FUNCTION efir_budget.record_condition IS
'A filter as SQL about a record that is called cell, and about its commit, made; and whether an index may know the few that it means. Internal.';

CREATE FUNCTION efir_budget.list_changes(
  p_budget_version_id uuid,
  p_filter jsonb DEFAULT '{}',
  p_before jsonb DEFAULT NULL,
  p_limit integer DEFAULT 100
) RETURNS jsonb
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = ''
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
SET jit = off
AS $$
DECLARE
  -- Few enough to be sorted; and what one call looks through at the most when what it looks for is rare.
  c_few CONSTANT integer := 5000;
  c_most CONSTANT integer := 100000;
  v_condition text;
  v_commits text;
  v_narrow boolean;
  v_count integer;
  v_before record;
  v_bound bigint;
  v_floor bigint;
  v_window integer := 128;
  v_looked bigint := 0;
  v_size bigint;
  v_found uuid[] := '{}';
  v_more uuid[];
  v_next jsonb;
BEGIN
  PERFORM efir_budget.require_budget(p_budget_version_id);
  IF p_limit IS NULL OR p_limit NOT BETWEEN 1 AND 1000 THEN
    PERFORM efir_budget.refuse_argument('p_limit', to_jsonb(p_limit), '1 to 1000');
  END IF;
  IF p_before IS NOT NULL AND NOT coalesce(
    jsonb_typeof(p_before) = 'array' AND pg_input_is_valid(p_before ->> 0, 'bigint')
    AND pg_input_is_valid(coalesce(p_before ->> 1, 'now'), 'timestamptz')
    AND pg_input_is_valid(coalesce(p_before ->> 2, '0'), 'integer') AND pg_input_is_valid(coalesce(p_before ->> 3, gen_random_uuid()::text), 'uuid'), FALSE
  ) THEN
    PERFORM efir_budget.refuse_argument('p_before', p_before, 'the next of an earlier page');
  END IF;
  SELECT
    coalesce((p_before ->> 0)::bigint, 9223372036854775807) AS revision,
    coalesce((p_before ->> 1)::timestamptz, '-infinity') AS at,
    coalesce((p_before ->> 2)::integer, 0) AS sequence,
    coalesce((p_before ->> 3)::uuid, '00000000-0000-0000-0000-000000000000') AS id
  INTO v_before;
  SELECT judged.condition, judged.commits, judged.narrow INTO v_condition, v_commits, v_narrow
  FROM efir_budget.record_condition(p_budget_version_id, p_filter) AS judged;

  IF v_narrow THEN
    EXECUTE format(
      'SELECT count(*) FROM (
        SELECT FROM efir_budget.cell_changes AS cell WHERE cell.budget_version_id = $1 %s LIMIT %s
      ) AS candidate', v_condition, c_few + 1
    ) INTO v_count USING p_budget_version_id;
  END IF;

  IF v_count <= c_few THEN
    EXECUTE format(
      $query$
        SELECT coalesce(array_agg(page.id ORDER BY page.revision DESC, page.changed_at DESC, page.sequence_number DESC, page.id DESC), '{}')
        FROM (
          SELECT cell.id, coalesce(made.revision, 0) AS revision, cell.changed_at, cell.sequence_number
          FROM efir_budget.cell_changes AS cell
          LEFT JOIN efir_budget.cell_commits AS made ON made.commit_id = cell.commit_id
          WHERE cell.budget_version_id = $1 %s
            AND (coalesce(made.revision, 0), cell.changed_at, cell.sequence_number, cell.id) < ($2, $3, $4, $5)
          ORDER BY 2 DESC, 3 DESC, 4 DESC, 1 DESC
          LIMIT $6
        ) AS page
      $query$, v_condition
    ) INTO v_found USING p_budget_version_id, v_before.revision, v_before.at, v_before.sequence, v_before.id, p_limit + 1;
  ELSE
    -- From commit to commit, some at a time, until there are enough.
    v_bound := v_before.revision;
    WHILE cardinality(v_found) <= p_limit AND v_bound > 0 AND v_looked < c_most LOOP
      EXECUTE format(
        $query$
          SELECT min(sized.revision), max(sized.total)
          FROM (
            SELECT
              made.revision, numbered.size,
              sum(numbered.size) OVER (ORDER BY made.revision DESC) AS total,
              row_number() OVER (ORDER BY made.revision DESC) AS n
            FROM efir_budget.cell_commits AS made
            CROSS JOIN LATERAL (
              SELECT max(change.sequence_number) AS size
              FROM efir_budget.cell_changes AS change
              WHERE change.session_id = made.session_id AND change.commit_id = made.commit_id
            ) AS numbered
            WHERE made.budget_version_id = $1 AND made.revision <= $2 %s
            ORDER BY made.revision DESC
            LIMIT $3
          ) AS sized
          WHERE sized.n = 1 OR sized.total <= $4
        $query$, v_commits
      ) INTO v_floor, v_size USING p_budget_version_id, v_bound, v_window, c_most / 5;
      IF v_floor IS NULL THEN
        v_bound := 0;
        EXIT;
      END IF;

      EXECUTE format(
        $query$
          SELECT coalesce(array_agg(page.id ORDER BY page.revision DESC, page.changed_at DESC, page.sequence_number DESC, page.id DESC), '{}')
          FROM (
            SELECT cell.id, made.revision, cell.changed_at, cell.sequence_number
            FROM efir_budget.cell_commits AS made
            INNER JOIN efir_budget.cell_changes AS cell ON cell.session_id = made.session_id AND cell.commit_id = made.commit_id
            WHERE made.budget_version_id = $1 AND made.revision BETWEEN $7 AND $8 %s %s
              AND (made.revision, cell.changed_at, cell.sequence_number, cell.id) < ($2, $3, $4, $5)
            ORDER BY 2 DESC, 3 DESC, 4 DESC, 1 DESC
            LIMIT $6
          ) AS page
        $query$, v_commits, v_condition
      ) INTO v_more
      USING p_budget_version_id, v_before.revision, v_before.at, v_before.sequence, v_before.id,
        p_limit + 1 - cardinality(v_found), v_floor, v_bound;
      v_found := v_found || v_more;
      v_looked := v_looked + coalesce(v_size, 0);
      v_window := least(v_window * 4, 8192);
      v_bound := v_floor - 1;
    END LOOP;

    IF cardinality(v_found) <= p_limit AND v_bound > 0 THEN
      v_next := jsonb_build_array(v_floor, NULL, NULL, NULL);
    ELSIF cardinality(v_found) <= p_limit THEN
      EXECUTE format(
        $query$
          SELECT coalesce(array_agg(page.id ORDER BY page.changed_at DESC, page.sequence_number DESC, page.id DESC), '{}')
          FROM (
            SELECT cell.id, cell.changed_at, cell.sequence_number
            FROM efir_budget.cell_changes AS cell
            WHERE cell.budget_version_id = $1 AND cell.commit_id IS NULL %s
              AND (0, cell.changed_at, cell.sequence_number, cell.id) < ($2, $3, $4, $5)
            ORDER BY 2 DESC, 3 DESC, 1 DESC
            LIMIT $6
          ) AS page
        $query$, v_condition
      ) INTO v_more
      USING p_budget_version_id, v_before.revision, v_before.at, v_before.sequence, v_before.id, p_limit + 1 - cardinality(v_found);
      v_found := v_found || v_more;
    END IF;
  END IF;

  IF cardinality(v_found) > p_limit THEN
    SELECT record.place INTO v_next FROM efir_budget.change_records AS record WHERE record.id = v_found[p_limit];
  END IF;
  RETURN jsonb_build_object(
    'revision', efir_budget.current_revision(p_budget_version_id),
    'changes', coalesce((
      SELECT jsonb_agg(record.message ORDER BY page.n)
      FROM unnest(v_found[:p_limit]) WITH ORDINALITY AS page (id, n)
      INNER JOIN efir_budget.change_records AS record ON record.id = page.id
    ), '[]'),
    'next', v_next
  );
END
$$;

COMMENT ON FUNCTION efir_budget.list_changes IS
'Records of a budget, newest first, filtered and paged; a page may hold fewer than asked for and still not be the last.';

REVOKE ALL ON FUNCTION efir_budget.record_condition FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.list_changes FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION efir_budget.list_changes TO authenticated, service_role;

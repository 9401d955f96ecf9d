-- 029_comment_reads: threads, and how many there are. Comments go where their cell goes: those of a deleted cell are out
-- of sight until it comes back.

-- By the index of hashes, whose upper half is of budget, module and entity, and behind a fence: offered the budget, a plan
-- without statistics walks all of it. Without a module, those that the budget has are looked up, one after the other.
CREATE FUNCTION efir_budget.cells_of_entities(p_budget_version_id uuid, p_filter jsonb) RETURNS uuid[]
LANGUAGE plpgsql
STABLE
SET search_path = ''
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
SET jit = off
AS $$
DECLARE
  v_condition CONSTANT text := efir_budget.filter_condition(p_filter);
  v_modules text[];
  v_entities text[];
  v_cells uuid[];
BEGIN
  IF p_filter ? 'module' THEN
    v_modules := (efir_budget.filter_member(p_filter, 'module')).texts;
  ELSE
    WITH RECURSIVE module AS (
      (
        SELECT cell.module_code::text AS code FROM efir_budget.planning_cells AS cell
        WHERE cell.budget_version_id = p_budget_version_id
        ORDER BY cell.module_code LIMIT 1
      )
      UNION ALL
      SELECT (
        SELECT cell.module_code::text FROM efir_budget.planning_cells AS cell
        WHERE cell.budget_version_id = p_budget_version_id AND cell.module_code > module.code
        ORDER BY cell.module_code LIMIT 1
      ) FROM module WHERE module.code IS NOT NULL
    )
    SELECT array_agg(module.code) FILTER (WHERE module.code IS NOT NULL) INTO v_modules FROM module;
  END IF;
  SELECT array_agg(DISTINCT given.value::uuid::text) || CASE WHEN member.with_null THEN ARRAY[''] END INTO v_entities
  FROM efir_budget.filter_member(p_filter, 'entity') AS member
  LEFT JOIN LATERAL unnest(member.texts) AS given (value) ON TRUE
  GROUP BY member.with_null;

  EXECUTE format(
    $query$
      SELECT array_agg(cell.id)
      FROM (SELECT DISTINCT code FROM unnest($2) AS code) AS module
      CROSS JOIN unnest($3) AS entity (id)
      CROSS JOIN LATERAL (
        SELECT hashtext($1::text || '/' || module.code || '/' || entity.id)::bigint << 32 AS low
      ) AS hash
      CROSS JOIN LATERAL (
        SELECT * FROM efir_budget.planning_cells AS one
        WHERE (hashtext(one.budget_version_id::text || '/' || one.module_code || '/' || coalesce(one.entity_id::text, ''))::bigint << 32)
          | (hashtext(one.field_name || '/' || coalesce(one.period_code, ''))::bigint & 4294967295)
          BETWEEN hash.low AND hash.low | 4294967295
        OFFSET 0
      ) AS cell
      WHERE cell.budget_version_id = $1 AND cell.module_code = module.code AND coalesce(cell.entity_id::text, '') = entity.id %s
    $query$, v_condition
  ) INTO v_cells USING p_budget_version_id, v_modules, v_entities;
  RETURN coalesce(v_cells, '{}');
END
$$;

COMMENT ON FUNCTION efir_budget.cells_of_entities IS 'The ids of the cells of a filter that names entities. Internal.';

CREATE FUNCTION efir_budget.list_comments(
  p_budget_version_id uuid,
  p_references jsonb DEFAULT NULL,
  p_filter jsonb DEFAULT NULL,
  p_resolved boolean DEFAULT NULL,
  p_after uuid DEFAULT NULL,
  p_limit integer DEFAULT 50
) RETURNS jsonb
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = ''
-- Tables grow faster than their statistics, and comments are found by their cells: see read_cells.
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
SET enable_material = off
SET jit = off
AS $$
DECLARE
  -- The cells are of the budget. Behind a fence: without it, a plan without statistics goes through all threads as well.
  c_of_cells CONSTANT text := 'SELECT own.*
    FROM (SELECT DISTINCT id FROM unnest($1) AS id) AS named
    CROSS JOIN LATERAL (SELECT * FROM efir_budget.cell_comments AS one WHERE one.cell_id = named.id OFFSET 0) AS own';
  v_actor uuid := auth.uid();
  v_cells uuid[];
  v_after timestamptz;
  v_page uuid[];
  v_threads jsonb;
BEGIN
  PERFORM efir_budget.require_budget(p_budget_version_id);
  IF p_limit IS NULL OR p_limit NOT BETWEEN 1 AND 500 THEN
    PERFORM efir_budget.refuse_argument('p_limit', to_jsonb(p_limit), '1 to 500');
  ELSIF p_references IS NOT NULL AND p_filter IS NOT NULL THEN
    PERFORM efir_budget.refuse_argument('p_references', p_references, 'given, or p_filter, or neither, and not both');
  END IF;
  IF p_references IS NOT NULL THEN
    v_cells := efir_budget.referenced_cells(p_budget_version_id, p_references);
  ELSIF p_filter ? 'entity' THEN
    v_cells := efir_budget.cells_of_entities(p_budget_version_id, p_filter);
  END IF;
  IF p_after IS NOT NULL THEN
    SELECT thread.created_at INTO v_after
    FROM efir_budget.cell_comments AS thread
    WHERE thread.id = p_after AND thread.budget_version_id = p_budget_version_id;
    IF NOT FOUND THEN
      PERFORM efir_budget.refuse_argument('p_after', to_jsonb(p_after), 'the next of the page before');
    END IF;
  END IF;

  -- One more than asked for tells whether there are more.
  EXECUTE format(
    $query$
      SELECT array_agg(page.id) FROM (
        SELECT thread.id
        FROM (%s) AS thread
        CROSS JOIN LATERAL (
          SELECT * FROM efir_budget.planning_cells AS one WHERE one.id = thread.cell_id OFFSET 0
        ) AS cell
        WHERE thread.parent_id IS NULL AND cell.deleted_at IS NULL %s %s %s
          AND (thread.deleted_at IS NULL OR EXISTS (
            SELECT FROM efir_budget.cell_comments AS reply WHERE reply.parent_id = thread.id AND reply.deleted_at IS NULL
          ))
        ORDER BY thread.created_at DESC, thread.id DESC
        LIMIT %s
      ) AS page
    $query$,
    CASE WHEN v_cells IS NOT NULL THEN c_of_cells ELSE format(
      'SELECT * FROM efir_budget.cell_comments AS own WHERE own.budget_version_id = %L', p_budget_version_id
    ) END,
    CASE WHEN v_cells IS NULL THEN efir_budget.filter_condition(p_filter) END,
    CASE WHEN p_resolved THEN 'AND thread.is_resolved' WHEN NOT p_resolved THEN 'AND NOT thread.is_resolved' END,
    CASE WHEN p_after IS NOT NULL THEN format('AND (thread.created_at, thread.id) < (%L, %L)', v_after, p_after) END,
    p_limit + 1
  ) INTO v_page USING v_cells;

  SELECT jsonb_agg(
    jsonb_build_object(
      'id', thread.id, 'cellId', cell.id,
      'key', jsonb_build_array(cell.module_code, cell.entity_id, cell.field_name, cell.period_code),
      'isResolved', thread.is_resolved, 'resolvedBy', thread.resolved_by, 'resolvedAt', thread.resolved_at,
      'reopenedBy', thread.reopened_by, 'reopenedAt', thread.reopened_at,
      'unread', talk.unread, 'comments', talk.comments
    )
    ORDER BY page.n
  ) INTO v_threads
  FROM unnest(v_page[:p_limit]) WITH ORDINALITY AS page (id, n)
  INNER JOIN efir_budget.cell_comments AS thread ON thread.id = page.id
  CROSS JOIN LATERAL (
    SELECT * FROM efir_budget.planning_cells AS one WHERE one.id = thread.cell_id OFFSET 0
  ) AS cell
  LEFT JOIN efir_budget.comment_reads AS marker ON marker.thread_id = thread.id AND marker.user_id = v_actor
  CROSS JOIN LATERAL (
    SELECT
      jsonb_agg(said.tuple ORDER BY said.created_at, said.id) AS comments,
      count(*) FILTER (
        WHERE v_actor IS NOT NULL AND said.deleted_at IS NULL AND said.created_by IS DISTINCT FROM v_actor
          AND said.created_at > coalesce(marker.read_through, '-infinity')
      ) AS unread
    FROM (
      SELECT own.* FROM efir_budget.comment_tuples AS own WHERE own.id = thread.id
      UNION ALL
      SELECT shown.*
      FROM efir_budget.cell_comments AS reply
      INNER JOIN efir_budget.comment_tuples AS shown ON shown.id = reply.id
      WHERE reply.parent_id = thread.id
    ) AS said
  ) AS talk;

  RETURN jsonb_build_object(
    'threads', coalesce(v_threads, '[]'),
    'next', CASE WHEN cardinality(v_page) > p_limit THEN v_page[p_limit] END
  );
END
$$;

COMMENT ON FUNCTION efir_budget.list_comments IS
'Threads of some cells, or of the budget, newest first, each with all its comments in order.';

CREATE FUNCTION efir_budget.referenced_cells(p_budget_version_id uuid, p_references jsonb) RETURNS uuid[]
LANGUAGE plpgsql
STABLE
SET search_path = ''
AS $$
BEGIN
  -- Read and not resolved as items are: here one cell may be named twice.
  RETURN ARRAY(
    SELECT (cell.tuple ->> 0)::uuid
    FROM jsonb_array_elements(efir_budget.read_cells(p_budget_version_id, p_references) -> 'cells')
      WITH ORDINALITY AS cell (tuple, n)
    ORDER BY cell.n
  );
END
$$;

COMMENT ON FUNCTION efir_budget.referenced_cells IS 'The ids of the cells that references name, in their order; NULL where there is none. Internal.';

CREATE FUNCTION efir_budget.comment_counts(
  p_budget_version_id uuid, p_references jsonb DEFAULT NULL, p_filter jsonb DEFAULT NULL
) RETURNS jsonb
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = ''
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
SET enable_material = off
SET jit = off
AS $$
DECLARE
  -- The cells are of the budget. Behind a fence: without it, a plan without statistics goes through all threads as well.
  c_of_cells CONSTANT text := 'SELECT own.*
    FROM (SELECT DISTINCT id FROM unnest($1) AS id) AS named
    CROSS JOIN LATERAL (SELECT * FROM efir_budget.cell_comments AS one WHERE one.cell_id = named.id OFFSET 0) AS own';
  v_actor uuid := auth.uid();
  v_cells uuid[];
  v_counts jsonb;
BEGIN
  PERFORM efir_budget.require_budget(p_budget_version_id);
  IF (p_references IS NULL) = (p_filter IS NULL) THEN
    PERFORM efir_budget.refuse_argument('p_references', p_references, 'given, or else p_filter, and not both');
  END IF;
  IF p_references IS NOT NULL THEN
    v_cells := efir_budget.referenced_cells(p_budget_version_id, p_references);
  ELSIF p_filter ? 'entity' THEN
    v_cells := efir_budget.cells_of_entities(p_budget_version_id, p_filter);
  END IF;

  EXECUTE format(
    $query$
      SELECT jsonb_agg(jsonb_build_array(counted.cell_id, counted.total, counted.unresolved, counted.unread) ORDER BY counted.cell_id)
      FROM (
        SELECT thread.cell_id, sum(thread.total) AS total, count(*) FILTER (WHERE NOT thread.is_resolved) AS unresolved,
          sum(thread.unread) AS unread
        FROM (
          SELECT comment.cell_id, bool_or(comment.is_resolved) AS is_resolved,
            count(*) FILTER (WHERE comment.deleted_at IS NULL) AS total,
            count(*) FILTER (
              WHERE $2 IS NOT NULL AND comment.deleted_at IS NULL AND comment.created_by IS DISTINCT FROM $2
                AND comment.created_at > coalesce(marker.read_through, '-infinity')
            ) AS unread
          FROM (%s) AS comment
          CROSS JOIN LATERAL (
            SELECT * FROM efir_budget.planning_cells AS one WHERE one.id = comment.cell_id OFFSET 0
          ) AS cell
          LEFT JOIN efir_budget.comment_reads AS marker
            ON marker.user_id = $2 AND marker.thread_id = coalesce(comment.parent_id, comment.id)
          WHERE cell.deleted_at IS NULL %s
          GROUP BY comment.cell_id, coalesce(comment.parent_id, comment.id)
          HAVING count(*) FILTER (WHERE comment.deleted_at IS NULL) > 0
        ) AS thread
        GROUP BY thread.cell_id
      ) AS counted
    $query$,
    -- Answers are found by their threads, which an index has in the order of budgets.
    CASE WHEN v_cells IS NOT NULL THEN c_of_cells ELSE format(
      'SELECT thread.* FROM efir_budget.cell_comments AS thread WHERE thread.budget_version_id = %L AND thread.parent_id IS NULL
      UNION ALL
      SELECT reply.*
      FROM efir_budget.cell_comments AS thread
      INNER JOIN efir_budget.cell_comments AS reply ON reply.parent_id = thread.id
      WHERE thread.budget_version_id = %1$L AND thread.parent_id IS NULL', p_budget_version_id
    ) END,
    CASE WHEN v_cells IS NULL THEN efir_budget.filter_condition(p_filter) END
  ) INTO v_counts USING v_cells, v_actor;

  RETURN jsonb_build_object('cells', CASE WHEN p_references IS NOT NULL THEN to_jsonb(v_cells) END, 'counts', coalesce(v_counts, '[]'));
END
$$;

COMMENT ON FUNCTION efir_budget.comment_counts IS
'Of each cell that has comments: how many, how many unresolved threads, how many comments the caller has not read.';

REVOKE ALL ON FUNCTION efir_budget.cells_of_entities FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.list_comments FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.referenced_cells FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.comment_counts FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION efir_budget.list_comments, efir_budget.comment_counts TO authenticated, service_role;

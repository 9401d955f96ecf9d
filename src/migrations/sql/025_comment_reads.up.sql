-- 025_comment_reads: threads, counts, what is unread, and the inbox. Comments go where their cell goes: those of a deleted
-- cell are out of sight until it comes back.

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
AS $$
DECLARE
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
        FROM efir_budget.cell_comments AS thread
        INNER JOIN efir_budget.planning_cells AS cell ON cell.id = thread.cell_id
        WHERE thread.budget_version_id = %L AND thread.parent_id IS NULL AND cell.deleted_at IS NULL %s %s %s
          AND (thread.deleted_at IS NULL OR EXISTS (
            SELECT FROM efir_budget.cell_comments AS reply WHERE reply.parent_id = thread.id AND reply.deleted_at IS NULL
          ))
        ORDER BY thread.created_at DESC, thread.id DESC
        LIMIT %s
      ) AS page
    $query$,
    p_budget_version_id,
    CASE WHEN p_references IS NOT NULL THEN 'AND thread.cell_id = ANY($1)' ELSE efir_budget.filter_condition(p_filter) END,
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
  INNER JOIN efir_budget.planning_cells AS cell ON cell.id = thread.cell_id
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
SET jit = off
AS $$
DECLARE
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
          FROM efir_budget.cell_comments AS comment
          INNER JOIN efir_budget.planning_cells AS cell ON cell.id = comment.cell_id
          LEFT JOIN efir_budget.comment_reads AS marker
            ON marker.user_id = $2 AND marker.thread_id = coalesce(comment.parent_id, comment.id)
          WHERE comment.budget_version_id = %L AND cell.budget_version_id = %1$L AND cell.deleted_at IS NULL %s
          GROUP BY comment.cell_id, coalesce(comment.parent_id, comment.id)
          HAVING count(*) FILTER (WHERE comment.deleted_at IS NULL) > 0
        ) AS thread
        GROUP BY thread.cell_id
      ) AS counted
    $query$,
    p_budget_version_id,
    CASE WHEN p_references IS NOT NULL THEN 'AND comment.cell_id = ANY($1)' ELSE efir_budget.filter_condition(p_filter) END
  ) INTO v_counts USING v_cells, v_actor;

  RETURN jsonb_build_object('cells', to_jsonb(v_cells), 'counts', coalesce(v_counts, '[]'));
END
$$;

COMMENT ON FUNCTION efir_budget.comment_counts IS
'Of each cell that has comments: how many, how many unresolved threads, how many comments the caller has not read.';

CREATE FUNCTION efir_budget.mark_read(p_budget_version_id uuid, p_comment_ids jsonb DEFAULT NULL) RETURNS jsonb
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = ''
AS $$
DECLARE
  v_actor uuid := auth.uid();
  -- As much as one request has time for.
  c_most CONSTANT integer := 10000;
  v_ids uuid[];
  v_read integer;
  v_told integer;
BEGIN
  PERFORM efir_budget.require_budget(p_budget_version_id);
  IF v_actor IS NULL THEN
    RAISE EXCEPTION 'Reading is a user''s.' USING ERRCODE = 'PT403', DETAIL = '{}', HINT = 'A program has no inbox.';
  END IF;
  IF p_comment_ids IS NOT NULL THEN
    IF jsonb_typeof(p_comment_ids) <> 'array' OR jsonb_array_length(p_comment_ids) > 10000 OR EXISTS (
      SELECT FROM jsonb_array_elements(p_comment_ids) AS given (id)
      WHERE NOT pg_input_is_valid(coalesce(given.id #>> '{}', ''), 'uuid')
    ) THEN
      PERFORM efir_budget.refuse_argument('p_comment_ids', p_comment_ids, 'an array of at most 10000 ids');
    END IF;
    v_ids := ARRAY(SELECT given.id::uuid FROM jsonb_array_elements_text(p_comment_ids) AS given (id));
  END IF;

  -- Each comment stands for its thread up to there. In thread order, so that two windows of one user never wait in a circle.
  INSERT INTO efir_budget.comment_reads AS marker (user_id, thread_id, read_through)
  SELECT v_actor, coalesce(comment.parent_id, comment.id), max(comment.created_at)
  FROM efir_budget.cell_comments AS comment
  LEFT JOIN efir_budget.comment_reads AS known
    ON known.user_id = v_actor AND known.thread_id = coalesce(comment.parent_id, comment.id)
  WHERE comment.budget_version_id = p_budget_version_id AND (p_comment_ids IS NULL OR comment.id = ANY(v_ids))
    AND comment.created_at > coalesce(known.read_through, '-infinity')
  GROUP BY coalesce(comment.parent_id, comment.id)
  ORDER BY coalesce(comment.parent_id, comment.id)
  LIMIT c_most
  ON CONFLICT ON CONSTRAINT pk_comment_reads DO UPDATE SET read_through = EXCLUDED.read_through
  WHERE marker.read_through < EXCLUDED.read_through;
  GET DIAGNOSTICS v_read = ROW_COUNT;

  UPDATE efir_budget.comment_mentions AS mention
  SET read_at = clock_timestamp()
  FROM (
    SELECT told.comment_id
    FROM efir_budget.comment_mentions AS told
    INNER JOIN efir_budget.cell_comments AS comment ON comment.id = told.comment_id
    INNER JOIN efir_budget.comment_reads AS marker
      ON marker.user_id = v_actor AND marker.thread_id = coalesce(comment.parent_id, comment.id)
    WHERE told.user_id = v_actor AND told.read_at IS NULL
      AND comment.budget_version_id = p_budget_version_id AND comment.created_at <= marker.read_through
      AND (p_comment_ids IS NULL OR coalesce(comment.parent_id, comment.id) IN (
        SELECT coalesce(named.parent_id, named.id) FROM efir_budget.cell_comments AS named WHERE named.id = ANY(v_ids)
      ))
    ORDER BY told.comment_id
    LIMIT c_most
    FOR NO KEY UPDATE OF told
  ) AS read
  WHERE mention.user_id = v_actor AND mention.comment_id = read.comment_id;
  GET DIAGNOSTICS v_told = ROW_COUNT;
  RETURN jsonb_build_object('threads', v_read, 'more', v_read = c_most OR v_told = c_most);
END
$$;

COMMENT ON FUNCTION efir_budget.mark_read IS
'The caller has read these comments and those before them in their threads; all of the budget where none is named.';

CREATE FUNCTION efir_budget.inbox(
  p_budget_version_id uuid DEFAULT NULL,
  p_unread boolean DEFAULT FALSE,
  p_after jsonb DEFAULT NULL,
  p_limit integer DEFAULT 50
) RETURNS jsonb
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = ''
AS $$
DECLARE
  v_actor uuid := auth.uid();
  v_budgets uuid[];
  v_items jsonb;
  v_unread bigint;
BEGIN
  IF p_budget_version_id IS NULL THEN
    v_budgets := ARRAY(SELECT efir_budget.my_budgets());
  ELSE
    PERFORM efir_budget.require_budget(p_budget_version_id);
    v_budgets := ARRAY[p_budget_version_id];
  END IF;
  IF p_limit IS NULL OR p_limit NOT BETWEEN 1 AND 500 THEN
    PERFORM efir_budget.refuse_argument('p_limit', to_jsonb(p_limit), '1 to 500');
  ELSIF p_after IS NOT NULL AND NOT coalesce(
    jsonb_typeof(p_after) = 'array' AND pg_input_is_valid(p_after ->> 0, 'timestamptz') AND pg_input_is_valid(p_after ->> 1, 'uuid'),
    FALSE
  ) THEN
    PERFORM efir_budget.refuse_argument('p_after', p_after, 'the next of the page before');
  END IF;

  SELECT jsonb_agg(page.item ORDER BY page.mentioned_at DESC, page.id DESC) INTO v_items
  FROM (
    SELECT mention.mentioned_at, comment.id, jsonb_build_object(
      'comment', comment.tuple, 'budgetVersionId', comment.budget_version_id,
      'key', jsonb_build_array(cell.module_code, cell.entity_id, cell.field_name, cell.period_code),
      'isResolved', thread.is_resolved, 'mentionedAt', mention.mentioned_at, 'readAt', mention.read_at
    ) AS item
    FROM efir_budget.comment_mentions AS mention
    INNER JOIN efir_budget.comment_tuples AS comment ON comment.id = mention.comment_id
    INNER JOIN efir_budget.cell_comments AS thread ON thread.id = comment.thread_id
    INNER JOIN efir_budget.planning_cells AS cell ON cell.id = comment.cell_id
    WHERE mention.user_id = v_actor AND comment.budget_version_id = ANY(v_budgets) AND cell.deleted_at IS NULL
      AND (mention.read_at IS NULL OR NOT coalesce(p_unread, FALSE))
      AND (p_after IS NULL OR (mention.mentioned_at, mention.comment_id) < ((p_after ->> 0)::timestamptz, (p_after ->> 1)::uuid))
    ORDER BY mention.mentioned_at DESC, mention.comment_id DESC
    LIMIT p_limit + 1
  ) AS page;

  SELECT count(*) INTO v_unread
  FROM efir_budget.comment_mentions AS mention
  INNER JOIN efir_budget.cell_comments AS comment ON comment.id = mention.comment_id
  INNER JOIN efir_budget.planning_cells AS cell ON cell.id = comment.cell_id
  WHERE mention.user_id = v_actor AND mention.read_at IS NULL
    AND comment.budget_version_id = ANY(v_budgets) AND cell.deleted_at IS NULL;

  RETURN jsonb_build_object(
    'unread', v_unread,
    'items', coalesce(jsonb_path_query_array(v_items, '$[0 to $last]', jsonb_build_object('last', p_limit - 1)), '[]'),
    'next', CASE WHEN jsonb_array_length(v_items) > p_limit THEN
      jsonb_build_array(v_items -> (p_limit - 1) -> 'mentionedAt', v_items -> (p_limit - 1) -> 'comment' -> 0)
    END
  );
END
$$;

COMMENT ON FUNCTION efir_budget.inbox IS 'The comments that call on the caller, newest first, of one budget or of all of his.';

REVOKE ALL ON FUNCTION efir_budget.list_comments FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.referenced_cells FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.comment_counts FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.mark_read FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.inbox FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION efir_budget.list_comments, efir_budget.comment_counts, efir_budget.mark_read, efir_budget.inbox
TO authenticated, service_role;

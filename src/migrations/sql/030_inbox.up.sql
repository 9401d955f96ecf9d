-- 030_inbox: what is unread, and who is called on. Comments of a deleted cell are out of sight until it comes back.

CREATE FUNCTION efir_budget.mark_read(p_budget_version_id uuid, p_comment_ids jsonb DEFAULT NULL) RETURNS jsonb
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = ''
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
SET enable_material = off
SET jit = off
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
  FROM (
    SELECT named.* FROM unnest(v_ids) AS given (id) INNER JOIN efir_budget.cell_comments AS named ON named.id = given.id
    UNION ALL
    SELECT thread.* FROM efir_budget.cell_comments AS thread
    WHERE p_comment_ids IS NULL AND thread.budget_version_id = p_budget_version_id AND thread.parent_id IS NULL
    UNION ALL
    SELECT reply.* FROM efir_budget.cell_comments AS thread
    INNER JOIN efir_budget.cell_comments AS reply ON reply.parent_id = thread.id
    WHERE p_comment_ids IS NULL AND thread.budget_version_id = p_budget_version_id AND thread.parent_id IS NULL
  ) AS comment
  LEFT JOIN efir_budget.comment_reads AS known
    ON known.user_id = v_actor AND known.thread_id = coalesce(comment.parent_id, comment.id)
  WHERE comment.budget_version_id IS NOT DISTINCT FROM p_budget_version_id
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
    CROSS JOIN LATERAL (
      SELECT * FROM efir_budget.cell_comments AS own WHERE own.id = told.comment_id OFFSET 0
    ) AS comment
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
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
SET enable_material = off
SET jit = off
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
    -- From the mention to the comment to its cell, and not the other way round, as a plan made for empty tables might.
    CROSS JOIN LATERAL (
      SELECT * FROM efir_budget.comment_tuples AS own WHERE own.id = mention.comment_id OFFSET 0
    ) AS comment
    CROSS JOIN LATERAL (
      SELECT * FROM efir_budget.cell_comments AS own WHERE own.id = comment.thread_id OFFSET 0
    ) AS thread
    CROSS JOIN LATERAL (
      SELECT * FROM efir_budget.planning_cells AS own WHERE own.id = comment.cell_id OFFSET 0
    ) AS cell
    WHERE mention.user_id = v_actor AND comment.budget_version_id = ANY(v_budgets) AND cell.deleted_at IS NULL
      AND (mention.read_at IS NULL OR NOT coalesce(p_unread, FALSE))
      AND (p_after IS NULL OR (mention.mentioned_at, mention.comment_id) < ((p_after ->> 0)::timestamptz, (p_after ->> 1)::uuid))
    ORDER BY mention.mentioned_at DESC, mention.comment_id DESC
    LIMIT p_limit + 1
  ) AS page;

  SELECT count(*) INTO v_unread
  FROM efir_budget.comment_mentions AS mention
  CROSS JOIN LATERAL (
    SELECT * FROM efir_budget.cell_comments AS own WHERE own.id = mention.comment_id OFFSET 0
  ) AS comment
  CROSS JOIN LATERAL (
    SELECT * FROM efir_budget.planning_cells AS own WHERE own.id = comment.cell_id OFFSET 0
  ) AS cell
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

REVOKE ALL ON FUNCTION efir_budget.mark_read FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.inbox FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION efir_budget.mark_read, efir_budget.inbox TO authenticated, service_role;

-- 028_comment_writes: commenting, in calls. The rules are the table's (023); a call adds what a table cannot: a comment
-- on a cell that nobody has written yet, and a retry that takes effect once.

CREATE VIEW efir_budget.comment_tuples WITH (security_invoker = true) AS
SELECT
  comment.id,
  comment.cell_id,
  comment.budget_version_id,
  coalesce(comment.parent_id, comment.id) AS thread_id,
  comment.created_by,
  comment.created_at,
  comment.deleted_at,
  jsonb_build_array(
    comment.id, coalesce(comment.parent_id, comment.id), comment.cell_id,
    CASE WHEN comment.deleted_at IS NULL THEN comment.comment_text END, to_jsonb(comment.mentions),
    comment.created_by, comment.created_at, comment.edited_at, comment.deleted_at
  ) AS tuple
FROM efir_budget.cell_comments AS comment;

COMMENT ON VIEW efir_budget.comment_tuples IS 'Comments as the wire knows them. Internal.';
REVOKE ALL ON efir_budget.comment_tuples FROM PUBLIC, anon, authenticated, service_role;

-- An empty cell where there is none, so that there is something to comment on. Its commit is a calculation and no
-- step of the user's: there is nothing in it that undo could take back.
CREATE FUNCTION efir_budget.ensure_cell(
  p_budget_version_id uuid, p_reference jsonb, p_operation_id uuid, OUT cell_id uuid, OUT commit_id bigint
)
LANGUAGE plpgsql
SET search_path = ''
AS $$
DECLARE
  v_at timestamptz := clock_timestamp();
  v_session uuid := gen_random_uuid();
  v_item efir_budget.write_item;
  v_deleted_at timestamptz;
BEGIN
  v_item := (efir_budget.resolve_references(p_budget_version_id, jsonb_build_array(p_reference), 1))[1];
  IF v_item.problem IS NOT NULL THEN
    PERFORM efir_budget.refuse_write(jsonb_build_array(jsonb_build_array(0) || v_item.problem));
  END IF;
  IF v_item.id IS NULL THEN
    INSERT INTO efir_budget.cell_sessions (id, budget_version_id, actor, change_type, created_at)
    VALUES (v_session, p_budget_version_id, auth.uid(), 'calculation', v_at);
    commit_id := efir_budget.open_commit(p_budget_version_id, v_session, 'calculation', p_operation_id, auth.uid(), v_at);
    INSERT INTO efir_budget.planning_cells (
      id, budget_version_id, module_code, entity_id, field_name, period_code, modified_by, modified_at, created_at,
      effective_version, effective_author
    )
    VALUES (
      v_item.new_id, p_budget_version_id, v_item.module_code, v_item.entity_id, v_item.field_name, v_item.period_code,
      auth.uid(), v_at, v_at,
      1, auth.uid()
    )
    ON CONFLICT ON CONSTRAINT uq_planning_cell DO NOTHING
    RETURNING id INTO cell_id;
    IF FOUND THEN
      RETURN;
    END IF;
    -- Someone else made it meanwhile.
    v_item := (efir_budget.resolve_references(p_budget_version_id, jsonb_build_array(p_reference), 1))[1];
  END IF;

  SELECT cell.id, cell.deleted_at INTO cell_id, v_deleted_at
  FROM efir_budget.planning_cells AS cell
  WHERE cell.id = v_item.id
  FOR NO KEY UPDATE;
  IF cell_id IS NULL OR (v_deleted_at IS NOT NULL AND jsonb_typeof(p_reference) = 'string') THEN
    PERFORM efir_budget.refuse_write('[[0, "not_found", "The cell is gone."]]');
  ELSIF v_deleted_at IS NULL THEN
    DELETE FROM efir_budget.cell_commits AS opened WHERE opened.commit_id = ensure_cell.commit_id;
    DELETE FROM efir_budget.cell_sessions AS step WHERE step.id = v_session;
    commit_id := NULL;
    RETURN;
  END IF;
  IF commit_id IS NULL THEN
    INSERT INTO efir_budget.cell_sessions (id, budget_version_id, actor, change_type, created_at)
    VALUES (v_session, p_budget_version_id, auth.uid(), 'calculation', v_at);
    commit_id := efir_budget.open_commit(p_budget_version_id, v_session, 'calculation', p_operation_id, auth.uid(), v_at);
  END IF;
  UPDATE efir_budget.planning_cells AS cell
  SET deleted_at = NULL,
    effective_version = cell.version + 1,
    effective_author = CASE WHEN cell.value_type <> 'calculated' THEN auth.uid() END,
    modified_by = auth.uid(),
    modified_at = clock_timestamp(),
    version = cell.version + 1
  WHERE cell.id = ensure_cell.cell_id;
END
$$;

COMMENT ON FUNCTION efir_budget.ensure_cell IS
'The cell that the reference names; by its key, an empty one is made or brought back where there is none. Internal.';

CREATE FUNCTION efir_budget.comment_mentions_of(p_mentions jsonb) RETURNS uuid[]
LANGUAGE plpgsql
IMMUTABLE
SET search_path = ''
AS $$
BEGIN
  IF p_mentions IS NULL THEN
    RETURN '{}';
  END IF;
  IF jsonb_typeof(p_mentions) <> 'array' OR jsonb_array_length(p_mentions) > 100 OR jsonb_path_exists(
    p_mentions,
    '$[*] ? (@.type() != "string"
      || !(@ like_regex "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$"))'
  ) THEN
    PERFORM efir_budget.refuse_argument('p_mentions', p_mentions, 'an array of at most 100 user ids');
  END IF;
  RETURN ARRAY(
    SELECT DISTINCT given.id::uuid FROM jsonb_array_elements_text(p_mentions) AS given (id) ORDER BY 1
  );
END
$$;

COMMENT ON FUNCTION efir_budget.comment_mentions_of IS 'The mentions of a call, checked. Internal.';

CREATE FUNCTION efir_budget.add_comment(
  p_budget_version_id uuid,
  p_reference jsonb DEFAULT NULL,
  p_text text DEFAULT NULL,
  p_parent_id uuid DEFAULT NULL,
  p_mentions jsonb DEFAULT NULL,
  p_operation_id uuid DEFAULT NULL
) RETURNS jsonb
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = ''
AS $$
DECLARE
  v_hash bytea;
  v_result jsonb;
  v_mentions uuid[];
  v_cell uuid;
  v_commit bigint;
  v_id uuid := gen_random_uuid();
BEGIN
  PERFORM efir_budget.require_budget(p_budget_version_id);
  v_mentions := efir_budget.comment_mentions_of(p_mentions);
  IF (p_reference IS NULL OR p_reference = 'null') = (p_parent_id IS NULL) THEN
    PERFORM efir_budget.refuse_argument('p_reference', p_reference, 'given, or else p_parent_id, and not both');
  END IF;
  IF p_operation_id IS NOT NULL THEN
    v_hash := sha256(convert_to(
      jsonb_build_array('add_comment', p_reference, p_text, p_parent_id, p_mentions)::text, 'UTF8'
    ));
    v_result := efir_budget.replay_operation(p_operation_id, p_budget_version_id, auth.uid(), v_hash);
    IF v_result IS NOT NULL THEN
      RETURN v_result;
    END IF;
  END IF;

  IF p_parent_id IS NULL THEN
    SELECT ensured.cell_id, ensured.commit_id INTO v_cell, v_commit
    FROM efir_budget.ensure_cell(p_budget_version_id, p_reference, p_operation_id) AS ensured;
  ELSE
    v_cell := (efir_budget.require_comment(p_budget_version_id, p_parent_id)).cell_id;
  END IF;
  INSERT INTO efir_budget.cell_comments (id, cell_id, parent_id, comment_text, mentions)
  VALUES (v_id, v_cell, p_parent_id, p_text, v_mentions);

  PERFORM efir_budget.stamp_revisions();

  v_result := jsonb_build_object(
    'revision', coalesce(
      (SELECT stamped.revision FROM efir_budget.cell_commits AS stamped WHERE stamped.commit_id = v_commit),
      efir_budget.current_revision(p_budget_version_id)
    ),
    'operationId', p_operation_id,
    'comment', (SELECT shown.tuple FROM efir_budget.comment_tuples AS shown WHERE shown.id = v_id)
  );
  IF p_operation_id IS NOT NULL THEN
    INSERT INTO efir_budget.cell_operations (operation_id, budget_version_id, actor, payload_hash, result)
    VALUES (p_operation_id, p_budget_version_id, auth.uid(), v_hash, v_result);
  END IF;
  RETURN v_result;
EXCEPTION
  WHEN deadlock_detected OR serialization_failure THEN
    -- Not among these functions, whose locks are ordered: with a transaction of someone's own SQL.
    RAISE EXCEPTION 'The cell was being changed by others in another order; nothing was written.'
      USING ERRCODE = 'PT503', DETAIL = '{}', HINT = 'Send the call again.';
END
$$;

COMMENT ON FUNCTION efir_budget.add_comment IS
'Begins a thread on a cell (p_reference) or answers in one (p_parent_id). Call it last in a transaction, and once.';

CREATE FUNCTION efir_budget.require_comment(p_budget_version_id uuid, p_comment_id uuid) RETURNS efir_budget.cell_comments
LANGUAGE plpgsql
SET search_path = ''
SET enable_seqscan = off
AS $$
DECLARE
  v_comment efir_budget.cell_comments;
BEGIN
  SELECT comment.* INTO v_comment
  FROM efir_budget.cell_comments AS comment
  -- By their ids, one after the other: a plan made for empty tables would as soon begin with all cells.
  CROSS JOIN LATERAL (
    SELECT one.deleted_at FROM efir_budget.planning_cells AS one WHERE one.id = comment.cell_id OFFSET 0
  ) AS cell
  WHERE comment.id = p_comment_id AND comment.budget_version_id IS NOT DISTINCT FROM p_budget_version_id
    AND cell.deleted_at IS NULL;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'There is no such comment in this budget.'
      USING ERRCODE = 'PT404', DETAIL = '{}', HINT = 'The cell that it is on may have been deleted.';
  END IF;
  RETURN v_comment;
END
$$;

COMMENT ON FUNCTION efir_budget.require_comment IS 'The comment, unless it or its cell is gone (PT404). Internal.';

CREATE FUNCTION efir_budget.edit_comment(
  p_budget_version_id uuid, p_comment_id uuid, p_text text, p_mentions jsonb DEFAULT NULL
) RETURNS jsonb
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = ''
AS $$
BEGIN
  PERFORM efir_budget.require_budget(p_budget_version_id);
  PERFORM efir_budget.require_comment(p_budget_version_id, p_comment_id);
  UPDATE efir_budget.cell_comments AS comment
  SET comment_text = p_text,
    mentions = CASE WHEN p_mentions IS NULL THEN comment.mentions ELSE efir_budget.comment_mentions_of(p_mentions) END
  WHERE comment.id = p_comment_id;
  RETURN jsonb_build_object(
    'comment', (SELECT shown.tuple FROM efir_budget.comment_tuples AS shown WHERE shown.id = p_comment_id)
  );
END
$$;

COMMENT ON FUNCTION efir_budget.edit_comment IS 'The author changes the text, and the mentions where they are given.';

CREATE FUNCTION efir_budget.delete_comment(p_budget_version_id uuid, p_comment_id uuid) RETURNS jsonb
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = ''
AS $$
BEGIN
  PERFORM efir_budget.require_budget(p_budget_version_id);
  PERFORM efir_budget.require_comment(p_budget_version_id, p_comment_id);
  UPDATE efir_budget.cell_comments AS comment
  SET deleted_at = clock_timestamp()
  WHERE comment.id = p_comment_id AND comment.deleted_at IS NULL;
  RETURN jsonb_build_object(
    'comment', (SELECT shown.tuple FROM efir_budget.comment_tuples AS shown WHERE shown.id = p_comment_id)
  );
END
$$;

COMMENT ON FUNCTION efir_budget.delete_comment IS 'The author takes the text away; the place in the thread stays. Again is no error.';

CREATE FUNCTION efir_budget.set_thread_resolved(p_budget_version_id uuid, p_thread_id uuid, p_resolved boolean) RETURNS jsonb
LANGUAGE plpgsql
SET search_path = ''
AS $$
BEGIN
  PERFORM efir_budget.require_budget(p_budget_version_id);
  PERFORM efir_budget.require_comment(p_budget_version_id, p_thread_id);
  UPDATE efir_budget.cell_comments AS comment
  SET is_resolved = p_resolved
  WHERE comment.id = p_thread_id AND (comment.is_resolved <> p_resolved OR comment.parent_id IS NOT NULL);
  RETURN (
    SELECT jsonb_build_object(
      'thread', thread.id, 'isResolved', thread.is_resolved,
      'resolvedBy', thread.resolved_by, 'resolvedAt', thread.resolved_at,
      'reopenedBy', thread.reopened_by, 'reopenedAt', thread.reopened_at
    )
    FROM efir_budget.cell_comments AS thread
    WHERE thread.id = p_thread_id
  );
END
$$;

COMMENT ON FUNCTION efir_budget.set_thread_resolved IS 'Resolves or reopens a thread. Internal.';

CREATE FUNCTION efir_budget.resolve_thread(p_budget_version_id uuid, p_thread_id uuid) RETURNS jsonb
LANGUAGE sql
SECURITY DEFINER
SET search_path = ''
AS $$
  SELECT efir_budget.set_thread_resolved(p_budget_version_id, p_thread_id, TRUE)
$$;

CREATE FUNCTION efir_budget.reopen_thread(p_budget_version_id uuid, p_thread_id uuid) RETURNS jsonb
LANGUAGE sql
SECURITY DEFINER
SET search_path = ''
AS $$
  SELECT efir_budget.set_thread_resolved(p_budget_version_id, p_thread_id, FALSE)
$$;

COMMENT ON FUNCTION efir_budget.resolve_thread IS 'Says that a thread is settled. Again is no error, and leaves who and when as they were.';
COMMENT ON FUNCTION efir_budget.reopen_thread IS 'Says that a thread is not settled after all. Again is no error.';

REVOKE ALL ON FUNCTION efir_budget.ensure_cell FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.comment_mentions_of FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.add_comment FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.require_comment FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.edit_comment FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.delete_comment FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.set_thread_resolved FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.resolve_thread FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.reopen_thread FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION efir_budget.add_comment, efir_budget.edit_comment, efir_budget.delete_comment,
efir_budget.resolve_thread, efir_budget.reopen_thread
TO authenticated, service_role;

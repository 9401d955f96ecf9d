-- 031_change_feed: what happened after a revision, commit by commit. The broadcast of migration 029 has the same shape.

-- The one place that says what a change looks like on the wire: the cell as it was after the change, or, where it
-- was no more, its key and version (docs/reference/wire.md).
CREATE VIEW efir_budget.change_facts WITH (security_invoker = true) AS
SELECT
  change.session_id,
  change.commit_id,
  change.cell_id,
  change.module_code,
  change.entity_id,
  change.field_name,
  change.period_code,
  change.new_version,
  change.is_deleted,
  CASE WHEN change.is_deleted THEN jsonb_build_array(
    change.cell_id, change.module_code, change.entity_id, change.field_name, change.period_code, change.new_version
  ) ELSE jsonb_build_array(
    change.cell_id, change.module_code, change.entity_id, change.field_name, change.period_code,
    trim_scale(change.new_value)::text, change.new_text, change.value_type,
    change.is_locked, change.lock_reason, change.new_version, change.changed_by, change.changed_at
  ) END AS tuple
FROM efir_budget.cell_changes AS change
-- Undo leaves records of what lies under a later change, too; the cell is what it was.
WHERE change.old_version IS DISTINCT FROM change.new_version;

COMMENT ON VIEW efir_budget.change_facts IS 'What changes since migration 010 made of their cells, as the wire knows it. Internal.';
REVOKE ALL ON efir_budget.change_facts FROM PUBLIC, anon, authenticated, service_role;

-- A view and no function, which would be called once for each of a thousand commits.
CREATE VIEW efir_budget.commit_heads WITH (security_invoker = true) AS
SELECT
  made.budget_version_id,
  made.revision,
  made.session_id,
  made.commit_id,
  jsonb_build_object(
    'revision', made.revision, 'at', made.created_at, 'actor', made.actor, 'changeType', made.change_type,
    'sessionId', made.session_id, 'refSessionId', made.ref_session_id, 'operationId', made.operation_id
  ) AS head
FROM efir_budget.cell_commits AS made;

COMMENT ON VIEW efir_budget.commit_heads IS 'Commits as the wire knows them, without their changes. Internal.';
REVOKE ALL ON efir_budget.commit_heads FROM PUBLIC, anon, authenticated, service_role;

CREATE FUNCTION efir_budget.key_condition(p_filter jsonb) RETURNS text
LANGUAGE plpgsql
STABLE
SET search_path = ''
AS $$
BEGIN
  IF jsonb_typeof(p_filter) = 'object' AND p_filter - ARRAY['module', 'entity', 'field', 'period'] <> '{}' THEN
    PERFORM efir_budget.refuse_argument('p_filter', p_filter, 'an object of module, entity, field, period');
  END IF;
  RETURN efir_budget.filter_condition(p_filter);
END
$$;

COMMENT ON FUNCTION efir_budget.key_condition IS
'As filter_condition, of what never changes about a cell: a filter by anything else would not be told that a cell left it. Internal.';

CREATE FUNCTION efir_budget.changes_since(
  p_budget_version_id uuid,
  p_revision bigint,
  p_limit integer DEFAULT 1000,
  p_filter jsonb DEFAULT '{}'
) RETURNS jsonb
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = ''
-- By index from commit to commit; a join of the whole log with the commits, which a plan may think of, reads it all.
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
SET jit = off
AS $$
DECLARE
  -- A larger commit is quicker read by listing the cells.
  c_largest_commit CONSTANT integer := 20000;
  v_condition text;
  v_newest bigint;
  v_until bigint;
  v_first_size integer;
  v_commits jsonb := '[]';
BEGIN
  PERFORM efir_budget.require_budget(p_budget_version_id);
  IF p_revision IS NULL OR p_revision < 0 THEN
    PERFORM efir_budget.refuse_argument('p_revision', to_jsonb(p_revision), 'a revision, or 0');
  END IF;
  IF p_limit IS NULL OR p_limit NOT BETWEEN 1 AND 10000 THEN
    PERFORM efir_budget.refuse_argument('p_limit', to_jsonb(p_limit), '1 to 10000');
  END IF;

  v_condition := efir_budget.key_condition(p_filter);

  v_newest := efir_budget.current_revision(p_budget_version_id);
  v_until := p_revision;
  IF p_revision < v_newest THEN
    -- As many whole commits as the limit holds, but always the first. Numbered from 1 in each commit, its changes
    -- need not be counted.
    SELECT
      max(sized.revision) FILTER (WHERE sized.total <= p_limit OR sized.revision = p_revision + 1),
      min(sized.size) FILTER (WHERE sized.revision = p_revision + 1)
    INTO v_until, v_first_size
    FROM (
      SELECT made.revision, numbered.size, sum(numbered.size) OVER (ORDER BY made.revision) AS total
      FROM efir_budget.cell_commits AS made
      CROSS JOIN LATERAL (
        SELECT max(change.sequence_number) AS size
        FROM efir_budget.cell_changes AS change
        WHERE change.session_id = made.session_id AND change.commit_id = made.commit_id
      ) AS numbered
      WHERE made.budget_version_id = p_budget_version_id AND made.revision > p_revision
      ORDER BY made.revision
      LIMIT p_limit
    ) AS sized;
  END IF;

  -- Ahead of the budget, which was restored from a backup; behind the log, which was pruned; or too much.
  IF p_revision > v_newest OR p_revision < v_newest AND (v_first_size IS NULL OR v_first_size > c_largest_commit) THEN
    RETURN jsonb_build_object('revision', v_newest, 'from', p_revision, 'to', p_revision, 'resync', TRUE, 'commits', v_commits);
  END IF;

  IF v_until > p_revision THEN
    EXECUTE format(
      $query$
        SELECT coalesce(jsonb_agg(made.head || seen.changes ORDER BY made.revision), '[]')
        FROM efir_budget.commit_heads AS made
        CROSS JOIN LATERAL (
          SELECT
            count(*) AS size,
            jsonb_build_object(
              'cells', coalesce(jsonb_agg(newest.tuple) FILTER (WHERE NOT newest.is_deleted), '[]'),
              'deleted', coalesce(jsonb_agg(newest.tuple) FILTER (WHERE newest.is_deleted), '[]')
            ) AS changes
          FROM (
            SELECT DISTINCT ON (cell.cell_id) cell.tuple, cell.is_deleted
            FROM efir_budget.change_facts AS cell
            WHERE cell.session_id = made.session_id AND cell.commit_id = made.commit_id %s
            ORDER BY cell.cell_id, cell.new_version DESC
          ) AS newest
        ) AS seen
        WHERE made.budget_version_id = $1 AND made.revision > $2 AND made.revision <= $3 AND (seen.size > 0 OR $4)
      $query$,
      v_condition
    ) INTO v_commits USING p_budget_version_id, p_revision, v_until, v_condition = '';
  END IF;

  RETURN jsonb_build_object('revision', v_newest, 'from', p_revision, 'to', v_until, 'resync', FALSE, 'commits', v_commits);
END
$$;

COMMENT ON FUNCTION efir_budget.changes_since IS
'The commits after a revision, whole and in order, as far as the limit of changes goes; see docs/reference/wire.md.';

CREATE FUNCTION efir_budget.oldest_revision(p_budget_version_id uuid) RETURNS bigint
LANGUAGE sql
STABLE
SET search_path = ''
SET enable_seqscan = off
AS $$
  SELECT coalesce(
    (
      SELECT made.revision - EXISTS (
        SELECT FROM efir_budget.cell_changes AS change
        WHERE change.session_id = made.session_id AND change.commit_id = made.commit_id
      )::integer
      FROM efir_budget.cell_commits AS made
      WHERE made.budget_version_id = p_budget_version_id AND made.revision IS NOT NULL
      ORDER BY made.revision
      LIMIT 1
    ),
    0
  )
$$;

COMMENT ON FUNCTION efir_budget.oldest_revision IS 'How far back the log reaches: 0 unless it was pruned. Internal.';

-- For the owner alone, who may have to keep records for so long and no longer. Always from the oldest on, because a
-- log with a hole in it would be read as if nothing had happened there. The last of the removed commits stays, empty,
-- to say how far back the log reaches, and until when it was pruned.
CREATE FUNCTION efir_budget.prune_log(p_budget_version_id uuid, p_revision bigint) RETURNS bigint
LANGUAGE plpgsql
SET search_path = ''
AS $$
DECLARE
  v_until bigint := least(p_revision, efir_budget.current_revision(p_budget_version_id));
  v_removed bigint;
  v_adopted bigint;
BEGIN
  IF v_until < 1 THEN
    RETURN 0;
  END IF;
  DELETE FROM efir_budget.cell_changes AS change
  USING efir_budget.cell_commits AS made
  WHERE change.session_id = made.session_id AND change.commit_id = made.commit_id
    AND made.budget_version_id = p_budget_version_id AND made.revision <= v_until;
  GET DIAGNOSTICS v_removed = ROW_COUNT;

  DELETE FROM efir_budget.cell_commits AS made
  WHERE made.budget_version_id = p_budget_version_id AND made.revision < v_until;

  DELETE FROM efir_budget.cell_changes AS change
  WHERE change.budget_version_id = p_budget_version_id AND change.commit_id IS NULL;
  GET DIAGNOSTICS v_adopted = ROW_COUNT;
  RETURN v_removed + v_adopted;
END
$$;

COMMENT ON FUNCTION efir_budget.prune_log IS
'Removes a budget''s records up to a revision, and says how many. What they tell of can then not be undone. Owner only.';

REVOKE ALL ON FUNCTION efir_budget.key_condition FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.changes_since FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.oldest_revision FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.prune_log FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION efir_budget.changes_since TO authenticated, service_role;

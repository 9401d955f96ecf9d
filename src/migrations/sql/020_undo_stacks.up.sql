-- 020_undo_stacks: which step a user's undo or redo takes next. The rule is docs/reference/undo.md.

-- A user's steps by their newest write, and those that are undone by when that was.
CREATE INDEX sessions_written ON efir_budget.cell_sessions (budget_version_id, actor, written_commit)
WHERE written_commit IS NOT NULL;
CREATE INDEX sessions_undone ON efir_budget.cell_sessions (budget_version_id, actor, undone_commit)
WHERE undone_commit IS NOT NULL;

CREATE FUNCTION efir_budget.require_user() RETURNS uuid
LANGUAGE plpgsql
STABLE
SET search_path = ''
AS $$
BEGIN
  IF auth.uid() IS NULL THEN
    RAISE EXCEPTION 'Only a signed-in user has steps to undo.'
      USING ERRCODE = 'PT403', DETAIL = '{}', HINT = 'What a program writes belongs to no user; write the value that it should have.';
  END IF;
  RETURN auth.uid();
END
$$;

COMMENT ON FUNCTION efir_budget.require_user IS 'The signed-in user; refuses (PT403) a program, which has no stack. Internal.';

CREATE FUNCTION efir_budget.scope_modules(p_scope jsonb) RETURNS text[]
LANGUAGE plpgsql
IMMUTABLE
SET search_path = ''
AS $$
DECLARE
  v_modules text[];
BEGIN
  IF p_scope IS NULL OR p_scope IN ('null', '{}') THEN
    RETURN NULL;
  END IF;
  IF jsonb_typeof(p_scope) <> 'object' OR p_scope - 'module' <> '{}' THEN
    PERFORM efir_budget.refuse_argument('p_scope', p_scope, 'an object of module');
  END IF;
  IF jsonb_path_exists(p_scope, '$.module[*] ? (@.type() != "string")') THEN
    PERFORM efir_budget.refuse_argument('p_scope.module', p_scope -> 'module', 'a text or an array of texts');
  END IF;
  SELECT member.texts INTO v_modules FROM efir_budget.filter_member(p_scope, 'module') AS member;
  RETURN v_modules;
END
$$;

COMMENT ON FUNCTION efir_budget.scope_modules IS 'The modules that an undo keeps to; NULL for all. Internal.';

-- The steps not undone, by newest write; those undone since the user's newest write, latest first.
CREATE FUNCTION efir_budget.top_step(
  p_budget_version_id uuid, p_actor uuid, p_kind text, p_modules text[]
) RETURNS efir_budget.cell_sessions
LANGUAGE plpgsql
STABLE
SET search_path = ''
SET enable_seqscan = off
AS $$
DECLARE
  v_step efir_budget.cell_sessions;
BEGIN
  IF p_kind = 'undo' THEN
    SELECT step.* INTO v_step
    FROM efir_budget.cell_sessions AS step
    WHERE step.budget_version_id = p_budget_version_id AND step.actor = p_actor
      AND step.written_commit IS NOT NULL AND step.undone_commit IS NULL
      AND (p_modules IS NULL OR step.modules && p_modules::varchar[])
    ORDER BY step.written_commit DESC
    LIMIT 1;
  ELSE
    SELECT step.* INTO v_step
    FROM efir_budget.cell_sessions AS step
    WHERE step.budget_version_id = p_budget_version_id AND step.actor = p_actor
      AND step.undone_commit > (
        SELECT max(written.written_commit)
        FROM efir_budget.cell_sessions AS written
        WHERE written.budget_version_id = p_budget_version_id AND written.actor = p_actor AND written.written_commit IS NOT NULL
      )
      AND (p_modules IS NULL OR step.modules && p_modules::varchar[])
    ORDER BY step.undone_commit DESC
    LIMIT 1;
  END IF;
  RETURN v_step;
END
$$;

COMMENT ON FUNCTION efir_budget.top_step IS 'The step that the user''s next undo or redo takes; NULL when there is none. Internal.';

CREATE FUNCTION efir_budget.describe_step(p_step efir_budget.cell_sessions) RETURNS jsonb
LANGUAGE sql
STABLE
SET search_path = ''
SET enable_seqscan = off
AS $$
  SELECT jsonb_build_object(
    'sessionId', p_step.id,
    'label', p_step.label,
    'changeType', p_step.change_type,
    'modules', to_jsonb(p_step.modules),
    'actor', p_step.actor,
    'at', (SELECT made.created_at FROM efir_budget.cell_commits AS made WHERE made.commit_id = p_step.written_commit),
    'cells', (
      SELECT count(DISTINCT change.cell_id)
      FROM efir_budget.cell_changes AS change
      WHERE change.session_id = p_step.id
        AND change.change_type NOT IN ('undo', 'redo', 'calculation') AND change.action NOT IN ('lock', 'unlock')
    )
  )
  WHERE p_step.id IS NOT NULL
$$;

COMMENT ON FUNCTION efir_budget.describe_step IS 'A step for a person: what it is called, when it was last written to, how many cells it changed. Internal.';

CREATE FUNCTION efir_budget.undo_state(p_budget_version_id uuid, p_scope jsonb DEFAULT NULL) RETURNS jsonb
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = ''
AS $$
DECLARE
  v_actor uuid;
  v_modules text[] := efir_budget.scope_modules(p_scope);
BEGIN
  PERFORM efir_budget.require_budget(p_budget_version_id);
  v_actor := efir_budget.require_user();
  RETURN jsonb_build_object(
    'revision', efir_budget.current_revision(p_budget_version_id),
    'undo', efir_budget.describe_step(efir_budget.top_step(p_budget_version_id, v_actor, 'undo', v_modules)),
    'redo', efir_budget.describe_step(efir_budget.top_step(p_budget_version_id, v_actor, 'redo', v_modules))
  );
END
$$;

COMMENT ON FUNCTION efir_budget.undo_state IS 'The steps that the caller''s next undo and redo would take; null where there is none.';

REVOKE ALL ON FUNCTION efir_budget.require_user FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.scope_modules FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.top_step FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.describe_step FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.undo_state FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION efir_budget.undo_state TO authenticated, service_role;

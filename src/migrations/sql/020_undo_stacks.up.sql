-- 020_undo_stacks: which step a user's undo or redo takes next. The rule is docs/reference/undo.md.

ALTER TABLE efir_budget.cell_sessions
ADD COLUMN turned boolean NOT NULL DEFAULT false,
ADD COLUMN turning varchar(4),
ADD COLUMN turned_commit bigint,
ADD COLUMN turned_sequence integer,
ADD CONSTRAINT ck_cell_sessions_turning CHECK (turning IN ('undo', 'redo'));

COMMENT ON COLUMN efir_budget.cell_sessions.turned IS
'Whether it was ever undone. Until then no cell has a record of that, and none is looked for.';
COMMENT ON COLUMN efir_budget.cell_sessions.turning IS
'What was begun with it and is not done: a large step is undone and redone in parts. Then it is on both stacks. NULL: whole.';
COMMENT ON COLUMN efir_budget.cell_sessions.turned_commit IS 'How far that came, from the newest change to the oldest: the commit of the last one.';
COMMENT ON COLUMN efir_budget.cell_sessions.turned_sequence IS 'And its sequence_number.';

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
  IF jsonb_typeof(p_scope) <> 'object' OR p_scope - ARRAY['module', 'session'] <> '{}' THEN
    PERFORM efir_budget.refuse_argument('p_scope', p_scope, 'an object of module and session');
  END IF;
  IF NOT p_scope ? 'module' THEN
    RETURN NULL;
  END IF;
  IF jsonb_path_exists(p_scope, '$.module[*] ? (@.type() != "string")') THEN
    PERFORM efir_budget.refuse_argument('p_scope.module', p_scope -> 'module', 'a text or an array of texts');
  END IF;
  SELECT member.texts INTO v_modules FROM efir_budget.filter_member(p_scope, 'module') AS member;
  RETURN v_modules;
END
$$;

COMMENT ON FUNCTION efir_budget.scope_modules IS 'The modules that an undo keeps to; NULL for all. Internal.';

CREATE FUNCTION efir_budget.scope_session(p_scope jsonb) RETURNS uuid
LANGUAGE plpgsql
IMMUTABLE
SET search_path = ''
AS $$
BEGIN
  IF p_scope ->> 'session' IS NULL THEN
    RETURN NULL;
  END IF;
  IF jsonb_typeof(p_scope -> 'session') <> 'string' OR NOT pg_input_is_valid(p_scope ->> 'session', 'uuid') THEN
    PERFORM efir_budget.refuse_argument('p_scope.session', p_scope -> 'session', 'a uuid');
  END IF;
  RETURN (p_scope ->> 'session')::uuid;
END
$$;

COMMENT ON FUNCTION efir_budget.scope_session IS 'The unfinished step that an undo is to go on with; NULL for the newest. Internal.';

-- The steps not undone, by newest write; those undone since the user's newest write, latest first. One that is half undone,
-- or half redone, is on both.
CREATE FUNCTION efir_budget.top_step(
  p_budget_version_id uuid, p_actor uuid, p_kind text, p_scope jsonb
) RETURNS efir_budget.cell_sessions
LANGUAGE plpgsql
STABLE
SET search_path = ''
SET enable_seqscan = off
AS $$
DECLARE
  v_modules varchar[] := efir_budget.scope_modules(p_scope);
  v_session uuid := efir_budget.scope_session(p_scope);
  v_step efir_budget.cell_sessions;
BEGIN
  IF v_session IS NOT NULL THEN
    SELECT step.* INTO v_step
    FROM efir_budget.cell_sessions AS step
    WHERE step.id = v_session AND step.budget_version_id = p_budget_version_id AND step.actor = p_actor AND step.turning = p_kind;
  ELSIF p_kind = 'undo' THEN
    SELECT step.* INTO v_step
    FROM efir_budget.cell_sessions AS step
    WHERE step.budget_version_id = p_budget_version_id AND step.actor = p_actor
      AND step.written_commit IS NOT NULL AND (step.undone_commit IS NULL OR step.turning IS NOT NULL)
      AND (v_modules IS NULL OR step.modules && v_modules)
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
      AND (v_modules IS NULL OR step.modules && v_modules)
    ORDER BY step.undone_commit DESC
    LIMIT 1;
  END IF;
  RETURN v_step;
END
$$;

COMMENT ON FUNCTION efir_budget.top_step IS 'The step that the user''s next undo or redo takes; NULL when there is none. Internal.';

-- From the newest change back, so that a part is a walk along the step's index, however many there were before it.
CREATE FUNCTION efir_budget.step_part(
  p_step efir_budget.cell_sessions, p_kind text, p_limit integer,
  OUT ids uuid[], OUT whole boolean, OUT more boolean, OUT commit_id bigint, OUT sequence_number integer
)
LANGUAGE plpgsql
STABLE
SET search_path = ''
SET enable_seqscan = off
SET jit = off
AS $$
DECLARE
  v_begun CONSTANT boolean := coalesce(p_step.turning = p_kind, FALSE);
BEGIN
  WITH part AS MATERIALIZED (
    SELECT change.cell_id, change.commit_id, change.sequence_number, row_number() OVER () AS n
    FROM (
      SELECT own.cell_id, own.commit_id, own.sequence_number
      FROM efir_budget.cell_changes AS own
      WHERE own.session_id = p_step.id AND (own.commit_id, own.sequence_number) < (
        CASE WHEN v_begun THEN p_step.turned_commit ELSE 9223372036854775807 END,
        CASE WHEN v_begun THEN p_step.turned_sequence ELSE 0 END
      )
      ORDER BY own.commit_id DESC, own.sequence_number DESC
      LIMIT p_limit + 1
    ) AS change
  )
  SELECT
    array_agg(DISTINCT part.cell_id) FILTER (WHERE part.n <= p_limit),
    count(*) > p_limit,
    max(part.commit_id) FILTER (WHERE part.n = p_limit),
    max(part.sequence_number) FILTER (WHERE part.n = p_limit)
  INTO ids, more, commit_id, sequence_number
  FROM part;
  whole := NOT v_begun AND NOT more;
  IF NOT more THEN
    commit_id := NULL;
    sequence_number := NULL;
  END IF;
END
$$;

COMMENT ON FUNCTION efir_budget.step_part IS
'The cells that the next call about a step is about, in id order; whether they are all of it, and if more are left, where it goes on. Internal.';

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
    'unfinished', p_step.turning,
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
BEGIN
  PERFORM efir_budget.require_budget(p_budget_version_id);
  v_actor := efir_budget.require_user();
  RETURN jsonb_build_object(
    'revision', efir_budget.current_revision(p_budget_version_id),
    'undo', efir_budget.describe_step(efir_budget.top_step(p_budget_version_id, v_actor, 'undo', p_scope)),
    'redo', efir_budget.describe_step(efir_budget.top_step(p_budget_version_id, v_actor, 'redo', p_scope))
  );
END
$$;

COMMENT ON FUNCTION efir_budget.undo_state IS 'The steps that the caller''s next undo and redo would take; null where there is none.';

REVOKE ALL ON FUNCTION efir_budget.require_user FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.scope_modules FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.scope_session FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.step_part FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.top_step FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.describe_step FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.undo_state FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION efir_budget.undo_state TO authenticated, service_role;

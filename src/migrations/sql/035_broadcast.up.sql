-- 035_broadcast: tells those who have a budget open, through Supabase Realtime where it is there. A message is a hint
-- that carries data: whoever misses one sees it by the next one's revision, and asks changes_since.

-- In the same shape as the answer of changes_since; without the commits, and then with "to" before "revision", where
-- they are too much for a message.
CREATE FUNCTION efir_budget.commits_message(p_budget_version_id uuid, p_from bigint, p_to bigint) RETURNS jsonb
LANGUAGE plpgsql
STABLE
SET search_path = ''
SET enable_nestloop = on
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
SET jit = off
AS $$
DECLARE
  -- Each subscriber is sent all of it, and a free project takes 256 KB.
  c_most_changes CONSTANT integer := 200;
  c_most_bytes CONSTANT integer := 200000;
  v_changes bigint;
  v_commits jsonb;
BEGIN
  SELECT sum(numbered.size) INTO v_changes
  FROM efir_budget.cell_commits AS made
  CROSS JOIN LATERAL (
    SELECT max(change.sequence_number) AS size
    FROM efir_budget.cell_changes AS change
    WHERE change.session_id = made.session_id AND change.commit_id = made.commit_id
  ) AS numbered
  WHERE made.budget_version_id = p_budget_version_id AND made.revision > p_from AND made.revision <= p_to;

  IF v_changes <= c_most_changes THEN
    SELECT jsonb_agg(made.head || seen.changes ORDER BY made.revision) INTO v_commits
    FROM efir_budget.commit_heads AS made
    CROSS JOIN LATERAL (
      SELECT jsonb_build_object(
        'cells', coalesce(jsonb_agg(newest.tuple) FILTER (WHERE NOT newest.is_deleted), '[]'),
        'deleted', coalesce(jsonb_agg(newest.tuple) FILTER (WHERE newest.is_deleted), '[]')
      ) AS changes
      FROM (
        SELECT DISTINCT ON (fact.cell_id) fact.tuple, fact.is_deleted
        FROM efir_budget.change_facts AS fact
        WHERE fact.session_id = made.session_id AND fact.commit_id = made.commit_id
        ORDER BY fact.cell_id, fact.new_version DESC
      ) AS newest
    ) AS seen
    WHERE made.budget_version_id = p_budget_version_id AND made.revision > p_from AND made.revision <= p_to;
    IF octet_length(v_commits::text) > c_most_bytes THEN
      v_commits := NULL;
    END IF;
  END IF;

  RETURN jsonb_build_object(
    'revision', p_to, 'from', p_from, 'to', CASE WHEN v_commits IS NULL THEN p_from ELSE p_to END,
    'resync', FALSE, 'commits', coalesce(v_commits, '[]')
  );
END
$$;

COMMENT ON FUNCTION efir_budget.commits_message IS 'What a broadcast says about the commits between two revisions. Internal.';

-- Deferred: when it runs, the transaction's lock keeps others from going past its revisions, so that messages are sent
-- in their order.
CREATE FUNCTION efir_budget.broadcast_commits() RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = ''
SET enable_seqscan = off
AS $$
BEGIN
  -- Asked every time, because Realtime makes its schema when it first needs it.
  IF to_regprocedure('realtime.send(jsonb,text,text,boolean)') IS NULL THEN
    RETURN NULL;
  END IF;

  -- Once for each budget: for the last of the transaction's commits, and not while one is still to come.
  IF NEW.revision <> efir_budget.current_revision(NEW.budget_version_id) OR EXISTS (
    SELECT FROM efir_budget.cell_commits AS opened
    WHERE opened.transaction_id = NEW.transaction_id AND opened.revision IS NULL
      AND opened.budget_version_id IS NOT DISTINCT FROM NEW.budget_version_id
  ) THEN
    RETURN NULL;
  END IF;
  BEGIN
    PERFORM realtime.send(
      efir_budget.commits_message(
        NEW.budget_version_id,
        coalesce(
          (
            SELECT made.revision
            FROM efir_budget.cell_commits AS made
            WHERE made.budget_version_id = NEW.budget_version_id AND made.transaction_id <> NEW.transaction_id
              AND made.revision IS NOT NULL
            ORDER BY made.revision DESC
            LIMIT 1
          ),
          0
        ),
        NEW.revision
      ),
      'commit', 'cells:' || NEW.budget_version_id::text, TRUE
    );
  EXCEPTION
    WHEN OTHERS THEN
      -- The cells are written; who was not told asks.
      RAISE WARNING 'Revision % of budget % was not broadcast: %', NEW.revision, NEW.budget_version_id, SQLERRM;
  END;
  RETURN NULL;
END
$$;

COMMENT ON FUNCTION efir_budget.broadcast_commits IS 'Sends one message per transaction and budget, where Realtime is there.';

CREATE CONSTRAINT TRIGGER cell_commits_send
AFTER UPDATE OF revision ON efir_budget.cell_commits
DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW WHEN (OLD.revision IS NULL) EXECUTE FUNCTION efir_budget.broadcast_commits();

COMMENT ON TRIGGER cell_commits_send ON efir_budget.cell_commits IS 'See broadcast_commits.';

-- To whoever may not ask any more once it has happened.
CREATE FUNCTION efir_budget.broadcast_deletion() RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = ''
AS $$
BEGIN
  IF to_regprocedure('realtime.send(jsonb,text,text,boolean)') IS NULL THEN
    RETURN NULL;
  END IF;
  BEGIN
    PERFORM realtime.send('{"deleted": true}', 'deleted', 'cells:' || OLD.id::text, TRUE);
  EXCEPTION
    WHEN OTHERS THEN
      RAISE WARNING 'The deletion of budget % was not broadcast: %', OLD.id, SQLERRM;
  END;
  RETURN NULL;
END
$$;

COMMENT ON FUNCTION efir_budget.broadcast_deletion IS 'Tells those who have a budget open that it was deleted.';

CREATE TRIGGER cells_budget_buried AFTER UPDATE OF deleted_at ON efir_budget.budget_versions
FOR EACH ROW WHEN (OLD.deleted_at IS NULL AND NEW.deleted_at IS NOT NULL)
EXECUTE FUNCTION efir_budget.broadcast_deletion();
CREATE TRIGGER cells_budget_deleted AFTER DELETE ON efir_budget.budget_versions
FOR EACH ROW WHEN (OLD.deleted_at IS NULL)
EXECUTE FUNCTION efir_budget.broadcast_deletion();

COMMENT ON TRIGGER cells_budget_buried ON efir_budget.budget_versions IS 'See broadcast_deletion.';
COMMENT ON TRIGGER cells_budget_deleted ON efir_budget.budget_versions IS 'See broadcast_deletion.';

-- Who may join the channel cells:<budget>, and what they may send there: members, and their presence. Commits come
-- from the database alone. A policy of the host that is wider ("everyone may broadcast") does not open these
-- channels, which is what the restrictive ones are for. They are about the row's own topic, which Realtime sets to the
-- one that a client wants to join; realtime.topic() is the same, but would also show rows of other topics.
CREATE FUNCTION efir_budget.install_realtime() RETURNS boolean
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = ''
AS $$
DECLARE
  c_channel CONSTANT text := 'topic LIKE ''cells:________-____-____-____-____________''';
  c_member CONSTANT text := 'topic IN (SELECT ''cells:'' || budget::text FROM efir_budget.my_budgets() AS budget)';
  v_policy record;
BEGIN
  IF to_regclass('realtime.messages') IS NULL THEN
    RETURN FALSE;
  END IF;
  FOR v_policy IN
    SELECT policy.name, policy.rest
    FROM (
      VALUES
        ('efir_budget: members receive', format('FOR SELECT TO authenticated USING (%s)', c_member)),
        ('efir_budget: members are present', format('FOR INSERT TO authenticated WITH CHECK (extension = ''presence'' AND %s)', c_member)),
        ('efir_budget: nobody else receives', format('AS RESTRICTIVE FOR SELECT TO authenticated USING (NOT %s OR %s)', c_channel, c_member)),
        ('efir_budget: nobody else is present', format('AS RESTRICTIVE FOR INSERT TO authenticated WITH CHECK (NOT %s OR extension = ''presence'' AND %s)', c_channel, c_member)),
        ('efir_budget: not without signing in', format('AS RESTRICTIVE FOR ALL TO anon USING (NOT %1$s) WITH CHECK (NOT %1$s)', c_channel))
    ) AS policy (name, rest)
    WHERE NOT EXISTS (
      SELECT FROM pg_catalog.pg_policy AS there
      WHERE there.polrelid = to_regclass('realtime.messages') AND there.polname = policy.name
    )
  LOOP
    EXECUTE format('CREATE POLICY %I ON realtime.messages %s', v_policy.name, v_policy.rest);
  END LOOP;
  RETURN TRUE;
END
$$;

COMMENT ON FUNCTION efir_budget.install_realtime IS
'Makes the policies of the channels cells:<budget>, once Realtime has its schema: true; false while it has none. Repeat at will.';

DO $$
BEGIN
  PERFORM efir_budget.install_realtime();
EXCEPTION
  WHEN insufficient_privilege THEN
    RAISE WARNING 'The policies of the channels were not made: %. Call efir_budget.install_realtime() as who may.', SQLERRM;
END
$$;

REVOKE ALL ON FUNCTION efir_budget.commits_message FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.broadcast_commits FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.broadcast_deletion FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.install_realtime FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION efir_budget.install_realtime TO service_role;

-- 011_revisions: the gap-free cursor. Every transaction gets, for each budget it writes to, the next revision
-- of that budget, in commit order.
--
-- Why it holds: revisions are given while an advisory lock of the budget is held, and that lock is released by
-- the commit itself. So whoever gets R+1 began to wait after R was given and ended waiting after R was committed,
-- and a snapshot that sees R sees all before it. A rollback takes its number back. The lock is taken as the
-- transaction's last act, so writers wait for one another's commit and never for one another's work; and always
-- in the order of budget ids and after all cells are locked, so waiting never runs in a circle.

CREATE FUNCTION efir_budget.open_commit(
  p_budget_version_id uuid,
  p_session_id uuid,
  p_change_type text,
  p_operation_id uuid,
  p_actor uuid,
  p_at timestamptz,
  p_ref_session_id uuid DEFAULT NULL,
  p_commit_id bigint DEFAULT nextval('efir_budget.cell_commit_ids')
) RETURNS bigint
LANGUAGE plpgsql
SET search_path = ''
AS $$
BEGIN
  -- The counter of a budget is shared: under a frozen snapshot every second writer would end in 40001, which
  -- PostgREST repeats for ever.
  IF pg_catalog.current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'Planning cells are written under READ COMMITTED.'
      USING ERRCODE = 'feature_not_supported', HINT = 'Versions guard against lost updates; a stricter isolation is not needed.';
  END IF;

  INSERT INTO efir_budget.cell_commits (
    commit_id, budget_version_id, session_id, ref_session_id, operation_id, change_type, actor, created_at
  )
  VALUES (
    p_commit_id, p_budget_version_id, p_session_id, p_ref_session_id, p_operation_id, p_change_type, p_actor, p_at
  );
  RETURN p_commit_id;
END
$$;

COMMENT ON FUNCTION efir_budget.open_commit IS
'Begins the commit that the next changes of this transaction to this budget belong to. Internal.';

-- A function of the API calls it once, as the last thing it does; for writes past them a deferred trigger does.
CREATE FUNCTION efir_budget.stamp_revisions() RETURNS void
LANGUAGE plpgsql
SET search_path = ''
-- Plans are kept: one that was made while these tables were empty would read all of them at every commit.
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
SET enable_material = off
AS $$
DECLARE
  v_budget record;
  v_revision bigint;
BEGIN
  -- Sessions with a change that can be undone come to the top of their users' undo stacks. Here, and not with the
  -- first cell: calls that write in one session at once would wait for each other's work while holding cells.
  UPDATE efir_budget.cell_sessions AS step
  SET written_commit = greatest(step.written_commit, entered.commit_id),
    modules = ARRAY(SELECT unnest(step.modules) UNION SELECT unnest(entered.modules))
  FROM (
    SELECT made.session_id, max(made.commit_id) AS commit_id, array_agg(made.module_code) AS modules
    FROM (
      SELECT own.session_id, max(own.commit_id) AS commit_id, change.module_code
      FROM efir_budget.cell_commits AS own
      INNER JOIN efir_budget.cell_changes AS change
        ON change.session_id = own.session_id AND change.commit_id = own.commit_id
      WHERE own.transaction_id = pg_current_xact_id() AND own.revision IS NULL AND own.actor IS NOT NULL
        AND change.change_type NOT IN ('undo', 'redo', 'calculation') AND change.action NOT IN ('lock', 'unlock')
      GROUP BY own.session_id, change.module_code
    ) AS made
    GROUP BY made.session_id
  ) AS entered
  WHERE step.id = entered.session_id;

  FOR v_budget IN
    SELECT opened.budget_version_id AS id, count(*) AS commits
    FROM efir_budget.cell_commits AS opened
    WHERE opened.transaction_id = pg_current_xact_id() AND opened.revision IS NULL
    GROUP BY opened.budget_version_id
    ORDER BY opened.budget_version_id
  LOOP
    -- Waiting for an advisory lock is fair and cheap; waiting for the row itself was 2–4 times slower at p95.
    PERFORM pg_advisory_xact_lock(hashtextextended('efir_budget.revision:' || v_budget.id::text, 0));

    INSERT INTO efir_budget.budget_revisions AS counter (budget_version_id, revision)
    VALUES (v_budget.id, v_budget.commits)
    ON CONFLICT (budget_version_id) DO UPDATE SET revision = counter.revision + EXCLUDED.revision
    RETURNING counter.revision INTO v_revision;

    UPDATE efir_budget.cell_commits AS opened
    SET revision = v_revision - numbered.later
    FROM (
      SELECT own.commit_id, row_number() OVER (ORDER BY own.commit_id DESC) - 1 AS later
      FROM efir_budget.cell_commits AS own
      WHERE own.transaction_id = pg_current_xact_id() AND own.revision IS NULL
        AND own.budget_version_id IS NOT DISTINCT FROM v_budget.id
    ) AS numbered
    WHERE opened.commit_id = numbered.commit_id;
  END LOOP;
END
$$;

COMMENT ON FUNCTION efir_budget.stamp_revisions IS
'Gives the transaction''s commits their revisions, budget by budget, as its last act.';

CREATE FUNCTION efir_budget.stamp_direct_writes() RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = ''
SET enable_seqscan = off
AS $$
BEGIN
  -- The first of the transaction's commits to come here serves all of them.
  IF EXISTS (SELECT FROM efir_budget.cell_commits AS made WHERE made.commit_id = NEW.commit_id AND made.revision IS NULL) THEN
    PERFORM efir_budget.stamp_revisions();
  END IF;
  RETURN NULL;
END
$$;

COMMENT ON FUNCTION efir_budget.stamp_direct_writes IS 'Has the commits of writes past the functions stamped.';

-- Such a commit is inserted after its changes, so that whoever sets the constraint IMMEDIATE has whole commits stamped,
-- one per statement. The functions' commits are inserted first, and must not be stamped before they are done.
CREATE CONSTRAINT TRIGGER cell_commits_revision
AFTER INSERT ON efir_budget.cell_commits
DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW WHEN (NEW.change_type IS NULL) EXECUTE FUNCTION efir_budget.stamp_direct_writes();

COMMENT ON TRIGGER cell_commits_revision ON efir_budget.cell_commits IS
'Deferred to the end of the transaction, for writes past the functions; those stamp their commits themselves.';

REVOKE ALL ON FUNCTION efir_budget.open_commit FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.stamp_revisions FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.stamp_direct_writes FROM PUBLIC, anon, authenticated, service_role;

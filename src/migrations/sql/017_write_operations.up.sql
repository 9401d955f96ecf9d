-- 017_write_operations: what a write call is made of: its items, how each ended, how a repeat of it is known,
-- and how it is refused.

-- Retries are safe: the stored result of an operation answers a repeat of it.
CREATE TABLE efir_budget.cell_operations (
  operation_id uuid PRIMARY KEY,
  budget_version_id uuid NOT NULL,
  actor uuid,
  payload_hash bytea NOT NULL,
  result jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);

COMMENT ON TABLE efir_budget.cell_operations IS 'Results of named calls. They may be removed (prune_operations) once no client will repeat its call.';
COMMENT ON COLUMN efir_budget.cell_operations.payload_hash IS 'SHA-256 of the call''s arguments: one name stands for one call.';

CREATE INDEX operations_time ON efir_budget.cell_operations USING brin (created_at);

ALTER TABLE efir_budget.cell_operations ENABLE ROW LEVEL SECURITY;
REVOKE ALL ON efir_budget.cell_operations FROM PUBLIC, anon, authenticated, service_role;

CREATE TRIGGER operations_guard BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON efir_budget.cell_operations
FOR EACH STATEMENT WHEN (NOT pg_catalog.has_type_privilege('efir_budget.engine'::regtype, 'USAGE'))
EXECUTE FUNCTION efir_budget.refuse_log_writes();
COMMENT ON TRIGGER operations_guard ON efir_budget.cell_operations IS 'By the engine alone.';

CREATE TYPE efir_budget.write_item AS (
  n integer,
  problem jsonb,
  id uuid,
  new_id uuid,
  module_code text,
  entity_id uuid,
  field_name text,
  period_code text,
  value_numeric numeric(18, 4),
  value_text text,
  deleting boolean,
  base integer,
  lease bigint
);
COMMENT ON TYPE efir_budget.write_item IS
'One item of a write call, checked: its place from 0, what is wrong with it, the cell it names or the id for a new one.';

CREATE TYPE efir_budget.write_outcome AS (
  n integer,
  place tid,
  id uuid,
  version integer,
  changes boolean,
  value_numeric numeric(18, 4),
  value_text text,
  deleting boolean
);
COMMENT ON TYPE efir_budget.write_outcome IS
'An item that is good: the cell, held against others, where its row is, the version it will have, and whether that is a new one.';

REVOKE ALL ON TYPE efir_budget.write_item, efir_budget.write_outcome FROM PUBLIC;

-- Waits for a concurrent call of the same name, and answers with its result; NULL when this call is the first.
CREATE FUNCTION efir_budget.replay_operation(
  p_operation_id uuid, p_budget_version_id uuid, p_actor uuid, p_payload_hash bytea
) RETURNS jsonb
LANGUAGE plpgsql
SET search_path = ''
AS $$
DECLARE
  v_stored efir_budget.cell_operations;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('efir_budget.operation:' || p_operation_id::text, 0));
  SELECT * INTO v_stored FROM efir_budget.cell_operations AS stored WHERE stored.operation_id = p_operation_id;
  IF NOT FOUND THEN
    RETURN NULL;
  END IF;
  IF v_stored.budget_version_id <> p_budget_version_id
    OR v_stored.actor IS DISTINCT FROM p_actor
    OR v_stored.payload_hash <> p_payload_hash
  THEN
    PERFORM efir_budget.refuse_argument('operation_id', to_jsonb(p_operation_id), 'new for a call that differs');
  END IF;
  RETURN v_stored.result;
END
$$;

COMMENT ON FUNCTION efir_budget.replay_operation IS 'The stored result of a repeated call. Internal.';

-- For the owner alone, e.g. from pg_cron. A repeat of a call whose result is gone is a new call.
CREATE FUNCTION efir_budget.prune_operations(p_older_than interval) RETURNS bigint
LANGUAGE plpgsql
SET search_path = ''
AS $$
DECLARE
  v_removed bigint;
BEGIN
  IF p_older_than IS NULL OR p_older_than < interval '1 day' THEN
    PERFORM efir_budget.refuse_argument('p_older_than', to_jsonb(p_older_than), 'a day or more');
  END IF;
  DELETE FROM efir_budget.cell_operations AS stored WHERE stored.created_at < now() - p_older_than;
  GET DIAGNOSTICS v_removed = ROW_COUNT;
  RETURN v_removed;
END
$$;

COMMENT ON FUNCTION efir_budget.prune_operations IS
'Removes the results of calls that are older, and says how many: longer than any client may wait to repeat one. Owner only.';

-- Before any cell is locked: a session is a row that two calls may both want to insert, and one of them then waits.
CREATE FUNCTION efir_budget.join_session(
  p_session_id uuid, p_budget_version_id uuid, p_actor uuid, p_label text, p_change_type text,
  OUT session_id uuid, OUT begun boolean
)
LANGUAGE plpgsql
SET search_path = ''
AS $$
DECLARE
  v_undone boolean;
  v_next uuid;
BEGIN
  session_id := p_session_id;
  INSERT INTO efir_budget.cell_sessions (id, budget_version_id, actor, label, change_type, created_at)
  VALUES (p_session_id, p_budget_version_id, p_actor, p_label, p_change_type, clock_timestamp())
  ON CONFLICT (id) DO NOTHING;
  begun := FOUND;
  IF begun THEN
    RETURN;
  END IF;
  LOOP
    SELECT step.undone_commit IS NOT NULL, step.continued_by INTO v_undone, v_next
    FROM efir_budget.cell_sessions AS step
    WHERE step.id = session_id AND step.budget_version_id = p_budget_version_id AND step.actor IS NOT DISTINCT FROM p_actor;
    IF NOT FOUND THEN
      PERFORM efir_budget.refuse_argument('p_session_id', to_jsonb(p_session_id), 'new, or of a session of your own in this budget');
    END IF;
    EXIT WHEN NOT v_undone OR p_change_type = 'calculation';

    -- It was undone, and a redo must not bring back more than the undo took: what comes now is a step of its own.
    IF v_next IS NULL THEN
      v_next := gen_random_uuid();
      UPDATE efir_budget.cell_sessions AS step SET continued_by = v_next
      WHERE step.id = session_id AND step.continued_by IS NULL;
      CONTINUE WHEN NOT FOUND;
      INSERT INTO efir_budget.cell_sessions (id, budget_version_id, actor, label, change_type, created_at)
      SELECT v_next, p_budget_version_id, p_actor, coalesce(p_label, step.label), p_change_type, clock_timestamp()
      FROM efir_budget.cell_sessions AS step
      WHERE step.id = session_id;
    END IF;
    session_id := v_next;
  END LOOP;
END
$$;

COMMENT ON FUNCTION efir_budget.join_session IS
'Begins a session (true), or goes on with one of the same user and budget, or with the one that it led to. Internal.';

CREATE FUNCTION efir_budget.refuse_write(p_refused jsonb) RETURNS void
LANGUAGE plpgsql
IMMUTABLE
SET search_path = ''
AS $$
DECLARE
  v_kind text;
BEGIN
  SELECT refused.result ->> 1 INTO v_kind
  FROM jsonb_array_elements(p_refused) AS refused (result)
  ORDER BY array_position(ARRAY['invalid', 'not_found', 'forbidden', 'locked', 'lease_lost', 'conflict'], refused.result ->> 1)
  LIMIT 1;

  RAISE EXCEPTION '%', format(CASE v_kind
    WHEN 'invalid' THEN 'Nothing was written: %s of the items cannot be accepted.'
    WHEN 'not_found' THEN 'Nothing was written: %s of the items name no cell or cannot be accepted.'
    WHEN 'forbidden' THEN 'Nothing was written: %s of the items are not yours to write.'
    WHEN 'locked' THEN 'Nothing was written: %s of the cells are locked or have changed.'
    WHEN 'lease_lost' THEN 'Nothing was written: of %s of the cells the lease is lost, or they have changed.'
    ELSE 'Nothing was written: %s of the cells have changed since they were read.'
  END, jsonb_array_length(p_refused))
    USING ERRCODE = CASE v_kind
      WHEN 'invalid' THEN 'PT422' WHEN 'not_found' THEN 'PT404' WHEN 'forbidden' THEN 'PT403' WHEN 'locked' THEN 'PT423'
      WHEN 'lease_lost' THEN 'PT423' ELSE 'PT409'
    END,
    DETAIL = jsonb_build_object('results', p_refused)::text,
    HINT = 'DETAIL has each item that was not good: its place, what became of it and why. With p_mode "partial" the others land.';
END
$$;

COMMENT ON FUNCTION efir_budget.refuse_write IS 'Raises the refusal of an atomic call. Internal.';

REVOKE ALL ON FUNCTION efir_budget.replay_operation FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.prune_operations FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.join_session FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.refuse_write FROM PUBLIC, anon, authenticated, service_role;

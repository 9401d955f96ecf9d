-- 025_leases: "I am editing this cell", for a short while. A lease is advisory: it holds nobody else's write back
-- (versions guard the values), and it ends by itself. What it gives is a fencing token: a write that shows a token
-- lands only while that token's lease is held.

CREATE SEQUENCE efir_budget.cell_lease_tokens AS bigint;
COMMENT ON SEQUENCE efir_budget.cell_lease_tokens IS 'Drawn while the lease is held against others: of one cell, the later token is the greater.';

-- Named by the cell's key and not by its id, so that a cell which nobody has written yet can be leased too. No foreign
-- key to the cell for the same reason.
CREATE TABLE efir_budget.cell_leases (
  budget_version_id uuid NOT NULL REFERENCES efir_budget.budget_versions (id) ON DELETE CASCADE,
  cell_key jsonb NOT NULL,
  token bigint NOT NULL,
  held_by uuid NOT NULL REFERENCES auth.users (id) ON DELETE CASCADE,
  acquired_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  told_until timestamptz NOT NULL,
  CONSTRAINT pk_cell_leases PRIMARY KEY (budget_version_id, cell_key),
  CONSTRAINT uq_cell_leases_token UNIQUE (token)
);

COMMENT ON TABLE efir_budget.cell_leases IS 'Who says that he is editing which cell. A row past its time means nothing and is swept by later calls.';
COMMENT ON COLUMN efir_budget.cell_leases.cell_key IS '[module, entity, field, period], as on the wire.';
COMMENT ON COLUMN efir_budget.cell_leases.token IS 'Proves, in a write, that the lease is still held. Another one with every acquisition.';
COMMENT ON COLUMN efir_budget.cell_leases.expires_at IS 'By the database''s clock.';
COMMENT ON COLUMN efir_budget.cell_leases.told_until IS 'The end that those who have the budget open were told last.';

CREATE INDEX leases_expiry ON efir_budget.cell_leases (expires_at);
CREATE INDEX leases_holder ON efir_budget.cell_leases (held_by);

CREATE TABLE efir_budget.cell_lease_steals (
  lost_token bigint PRIMARY KEY,
  token bigint NOT NULL,
  budget_version_id uuid NOT NULL,
  cell_key jsonb NOT NULL,
  stolen_from uuid NOT NULL,
  stolen_by uuid NOT NULL,
  stolen_at timestamptz NOT NULL
);

COMMENT ON TABLE efir_budget.cell_lease_steals IS 'Who took a lease from whom while it was held. A record: no foreign keys, never changed.';
COMMENT ON COLUMN efir_budget.cell_lease_steals.lost_token IS 'The token that lost its lease.';
COMMENT ON COLUMN efir_budget.cell_lease_steals.token IS 'The token that took it.';

CREATE INDEX steals_budget ON efir_budget.cell_lease_steals (budget_version_id, stolen_at DESC);

ALTER TABLE efir_budget.cell_leases ENABLE ROW LEVEL SECURITY;
ALTER TABLE efir_budget.cell_lease_steals ENABLE ROW LEVEL SECURITY;
REVOKE ALL ON efir_budget.cell_leases, efir_budget.cell_lease_steals FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON SEQUENCE efir_budget.cell_lease_tokens FROM PUBLIC, anon, authenticated, service_role;
GRANT SELECT ON efir_budget.cell_lease_steals TO authenticated, service_role;

CREATE POLICY cell_lease_steals_org_isolation ON efir_budget.cell_lease_steals
  FOR SELECT TO authenticated
  USING (budget_version_id IN (SELECT efir_budget.my_budgets()));
COMMENT ON POLICY cell_lease_steals_org_isolation ON efir_budget.cell_lease_steals IS
'Members of the organisation that owns the budget, while it is not deleted.';

CREATE TRIGGER leases_guard BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON efir_budget.cell_leases
FOR EACH STATEMENT WHEN (NOT pg_catalog.has_type_privilege('efir_budget.engine'::regtype, 'USAGE'))
EXECUTE FUNCTION efir_budget.refuse_log_writes();
CREATE TRIGGER steals_guard BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON efir_budget.cell_lease_steals
FOR EACH STATEMENT WHEN (NOT pg_catalog.has_type_privilege('efir_budget.engine'::regtype, 'USAGE'))
EXECUTE FUNCTION efir_budget.refuse_log_writes();
COMMENT ON TRIGGER leases_guard ON efir_budget.cell_leases IS 'By the engine alone.';
COMMENT ON TRIGGER steals_guard ON efir_budget.cell_lease_steals IS 'By the engine alone.';

-- The holder's membership is asked each time, so that his leases lapse with it whoever removes him and how.
CREATE VIEW efir_budget.live_leases WITH (security_invoker = true) AS
SELECT lease.budget_version_id, lease.cell_key, lease.token, lease.held_by, lease.acquired_at, lease.expires_at
FROM efir_budget.cell_leases AS lease
WHERE lease.expires_at > clock_timestamp()
  AND EXISTS (
    SELECT
    FROM efir_budget.budget_versions AS budget
    INNER JOIN efir_budget.user_profiles AS profile ON profile.organization_id = budget.organization_id
    WHERE budget.id = lease.budget_version_id AND profile.user_id = lease.held_by
  );

COMMENT ON VIEW efir_budget.live_leases IS 'Leases that have not expired and whose holders are still members. Internal.';
REVOKE ALL ON efir_budget.live_leases FROM PUBLIC, anon, authenticated, service_role;

-- Called with the rows locked, so that messages about a cell come in the order of what happened to it.
CREATE FUNCTION efir_budget.tell_leases(p_budget_version_id uuid, p_keys jsonb[]) RETURNS void
LANGUAGE plpgsql
SET search_path = ''
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
SET enable_material = off
SET jit = off
AS $$
DECLARE
  -- Each subscriber is sent all of it. Of more than these only "read": list_leases tells.
  c_most_leases CONSTANT integer := 200;
BEGIN
  IF p_keys IS NULL OR to_regprocedure('realtime.send(jsonb,text,text,boolean)') IS NULL THEN
    RETURN;
  END IF;
  BEGIN
    PERFORM realtime.send(
      jsonb_build_object(
        'at', clock_timestamp(),
        'leases', CASE WHEN cardinality(p_keys) <= c_most_leases THEN (
          SELECT jsonb_agg(
            jsonb_build_array(named.key, lease.held_by, lease.acquired_at, lease.expires_at) ORDER BY named.key
          )
          FROM unnest(p_keys) AS named (key)
          LEFT JOIN efir_budget.live_leases AS lease
            ON lease.budget_version_id = p_budget_version_id AND lease.cell_key = named.key
        ) END
      ),
      'leases', 'cells:' || p_budget_version_id::text, TRUE
    );
  EXCEPTION
    WHEN OTHERS THEN
      -- The lease is what it is; who was not told reads.
      RAISE WARNING 'A lease of budget % was not broadcast: %', p_budget_version_id, SQLERRM;
  END;
END
$$;

COMMENT ON FUNCTION efir_budget.tell_leases IS
'Broadcasts who holds these cells of the budget now, where Realtime is there; null for nobody. Internal.';

-- Many renewals in one message: whoever has to tell of his own tells of all that are news. Past rows that others hold,
-- so it waits for nobody.
CREATE FUNCTION efir_budget.tell_renewals(p_budget_version_id uuid) RETURNS void
LANGUAGE plpgsql
SET search_path = ''
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
SET jit = off
AS $$
DECLARE
  v_keys jsonb[];
BEGIN
  WITH told AS (
    UPDATE efir_budget.cell_leases AS lease SET told_until = lease.expires_at
    WHERE lease.token = ANY(ARRAY(
      SELECT news.token FROM efir_budget.cell_leases AS news
      WHERE news.budget_version_id = p_budget_version_id AND news.told_until <> news.expires_at
        AND news.expires_at > clock_timestamp()
      ORDER BY news.cell_key
      LIMIT 200
      FOR UPDATE SKIP LOCKED
    ))
    RETURNING lease.cell_key
  )
  SELECT array_agg(told.cell_key) INTO v_keys FROM told;
  PERFORM efir_budget.tell_leases(p_budget_version_id, v_keys);
END
$$;

COMMENT ON FUNCTION efir_budget.tell_renewals IS
'Broadcasts the leases of the budget that last longer than was told, in one message. Internal.';

-- Holds the leases against a steal until the write is committed, so that of a write and a steal one is always first.
-- A lease is judged by the time at which the transaction began: a second look comes to the same answer.
CREATE OR REPLACE FUNCTION efir_budget.hold_leases(
  p_budget_version_id uuid, p_items efir_budget.write_item[]
) RETURNS efir_budget.write_item[]
LANGUAGE plpgsql
SET search_path = ''
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
SET enable_material = off
SET jit = off
AS $$
DECLARE
  v_items efir_budget.write_item[];
BEGIN
  PERFORM lease.token
  FROM efir_budget.cell_leases AS lease
  WHERE lease.token = ANY(ARRAY(SELECT item.lease FROM unnest(p_items) AS item WHERE item.lease IS NOT NULL))
  ORDER BY lease.cell_key
  FOR SHARE;

  -- The ids and the token are the only conditions that an index can serve: a plan made while the table was empty would
  -- else walk all leases of the budget, or of the holder, for every item.
  SELECT array_agg(
    CASE
      WHEN item.lease IS NULL OR item.problem IS NOT NULL THEN item
      WHEN lease.budget_version_id = p_budget_version_id AND lease.cell_key = named.key
        AND lease.held_by = auth.uid() AND lease.expires_at > now() THEN item
      ELSE ROW(
        item.n,
        jsonb_build_array('lease_lost', shown.tuple, (
          SELECT jsonb_build_array(other.held_by, other.expires_at)
          FROM efir_budget.live_leases AS other
          WHERE other.budget_version_id = p_budget_version_id AND other.cell_key = named.key
        )),
        item.id, item.new_id, item.module_code, item.entity_id, item.field_name, item.period_code,
        item.value_numeric, item.value_text, item.deleting, item.base, item.lease
      )::efir_budget.write_item
    END
    ORDER BY item.n
  ) INTO v_items
  FROM unnest(p_items) AS item
  LEFT JOIN efir_budget.planning_cells AS cell ON cell.id = item.id
  LEFT JOIN efir_budget.cell_tuples AS shown ON shown.id = item.id
  LEFT JOIN efir_budget.cell_leases AS lease ON lease.token = item.lease
  CROSS JOIN LATERAL (
    SELECT jsonb_build_array(
      coalesce(cell.module_code, item.module_code), coalesce(cell.entity_id, item.entity_id),
      coalesce(cell.field_name, item.field_name), coalesce(cell.period_code, item.period_code)
    ) AS key
  ) AS named;
  RETURN v_items;
END
$$;

CREATE FUNCTION efir_budget.list_leases(p_budget_version_id uuid) RETURNS jsonb
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = ''
AS $$
BEGIN
  PERFORM efir_budget.require_budget(p_budget_version_id);
  RETURN jsonb_build_object(
    'at', clock_timestamp(),
    'leases', coalesce((
      SELECT jsonb_agg(
        jsonb_build_array(
          lease.cell_key, lease.held_by, CASE WHEN lease.held_by = auth.uid() THEN lease.token END,
          lease.acquired_at, lease.expires_at
        )
        ORDER BY lease.cell_key
      )
      FROM efir_budget.live_leases AS lease
      WHERE lease.budget_version_id = p_budget_version_id
    ), '[]')
  );
END
$$;

COMMENT ON FUNCTION efir_budget.list_leases IS 'Who is editing which cell of the budget now; the token where it is the caller.';

REVOKE ALL ON FUNCTION efir_budget.tell_leases FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.tell_renewals FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.hold_leases FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.list_leases FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION efir_budget.list_leases TO authenticated, service_role;

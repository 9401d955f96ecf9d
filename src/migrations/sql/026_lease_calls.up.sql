-- 026_lease_calls: to acquire, renew and release leases, many in a call.

CREATE FUNCTION efir_budget.lease_time(p_ttl_ms integer) RETURNS interval
LANGUAGE plpgsql
IMMUTABLE
SET search_path = ''
AS $$
BEGIN
  IF p_ttl_ms IS NULL OR p_ttl_ms NOT BETWEEN 1000 AND 600000 THEN
    PERFORM efir_budget.refuse_argument('p_ttl_ms', to_jsonb(p_ttl_ms), '1000 to 600000');
  END IF;
  RETURN p_ttl_ms * interval '1 millisecond';
END
$$;

COMMENT ON FUNCTION efir_budget.lease_time IS 'How long a lease may last: a second to ten minutes. Internal.';

CREATE FUNCTION efir_budget.lease_tokens(p_tokens jsonb) RETURNS bigint[]
LANGUAGE plpgsql
IMMUTABLE
SET search_path = ''
AS $$
BEGIN
  IF p_tokens IS NULL OR jsonb_typeof(p_tokens) <> 'array' OR jsonb_array_length(p_tokens) NOT BETWEEN 1 AND 1000
    OR jsonb_path_exists(p_tokens, '$[*] ? (@.type() != "number" || @ < 0 || @ >= 1000000000000000000 || @ != @.floor())')
  THEN
    PERFORM efir_budget.refuse_argument('p_tokens', p_tokens, 'an array of 1 to 1000 tokens');
  END IF;
  RETURN (
    SELECT array_agg(given.token::numeric::bigint ORDER BY given.n)
    FROM jsonb_array_elements_text(p_tokens) WITH ORDINALITY AS given (token, n)
  );
END
$$;

COMMENT ON FUNCTION efir_budget.lease_tokens IS 'The tokens of a call, checked. Internal.';

-- A few at a time, by whoever acquires some: so the table stays as small as what is held. After everything else in the
-- call, and past rows that others hold: so it waits for nobody.
CREATE FUNCTION efir_budget.sweep_leases() RETURNS void
LANGUAGE sql
SET search_path = ''
AS $$
  DELETE FROM efir_budget.cell_leases AS lease
  WHERE lease.token = ANY(ARRAY(
    SELECT expired.token FROM efir_budget.cell_leases AS expired
    WHERE expired.expires_at < now()
    ORDER BY expired.expires_at
    LIMIT 200
    FOR UPDATE SKIP LOCKED
  ))
$$;

COMMENT ON FUNCTION efir_budget.sweep_leases IS 'Removes some leases that have expired. Internal.';

CREATE FUNCTION efir_budget.acquire_leases(
  p_budget_version_id uuid, p_references jsonb, p_ttl_ms integer DEFAULT 30000, p_steal boolean DEFAULT FALSE
) RETURNS jsonb
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
  v_time interval;
  v_at timestamptz;
  v_organization uuid;
  v_problems jsonb[];
  v_cells uuid[];
  v_keys jsonb[];
  v_taken jsonb[];
  v_results jsonb;
BEGIN
  PERFORM efir_budget.require_budget(p_budget_version_id);
  v_time := efir_budget.lease_time(p_ttl_ms);
  SELECT budget.organization_id INTO v_organization
  FROM efir_budget.budget_versions AS budget
  INNER JOIN efir_budget.user_profiles AS profile ON profile.organization_id = budget.organization_id
  WHERE budget.id = p_budget_version_id AND profile.user_id = v_actor;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'A lease is held by a member of the organisation.'
      USING ERRCODE = 'PT403', DETAIL = '{}', HINT = 'A program writes without a lease: none holds it back.';
  END IF;
  SELECT
    array_agg(coalesce(
      item.problem, CASE WHEN cell.is_locked THEN jsonb_build_array('locked', shown.tuple) END
    ) ORDER BY item.n),
    array_agg(shown.id ORDER BY item.n),
    array_agg(jsonb_build_array(
      coalesce(cell.module_code, item.module_code), coalesce(cell.entity_id, item.entity_id),
      coalesce(cell.field_name, item.field_name), coalesce(cell.period_code, item.period_code)
    ) ORDER BY item.n)
  INTO v_problems, v_cells, v_keys
  FROM unnest(efir_budget.resolve_references(p_budget_version_id, p_references, 1000)) AS item
  LEFT JOIN efir_budget.planning_cells AS cell ON cell.id = item.id
  LEFT JOIN efir_budget.cell_tuples AS shown ON shown.id = item.id;

  -- One statement makes the missing rows and locks the others, all in key order; a row cannot be swept in between.
  INSERT INTO efir_budget.cell_leases AS lease (
    budget_version_id, cell_key, token, held_by, acquired_at, expires_at, told_until
  )
  SELECT
    p_budget_version_id, wanted.cell_key, nextval('efir_budget.cell_lease_tokens'), v_actor, '-infinity', '-infinity', '-infinity'
  FROM unnest(v_keys, v_problems) AS wanted (cell_key, problem)
  WHERE wanted.problem IS NULL
  ORDER BY wanted.cell_key
  ON CONFLICT ON CONSTRAINT pk_cell_leases DO UPDATE SET held_by = lease.held_by;
  v_at := clock_timestamp();

  WITH held AS MATERIALIZED (
    SELECT
      wanted.n, wanted.cell_id, wanted.problem, lease.cell_key, lease.token, lease.held_by, lease.acquired_at, lease.expires_at,
      lease.expires_at > v_at AND EXISTS (
        SELECT FROM efir_budget.user_profiles AS profile
        WHERE profile.user_id = lease.held_by AND profile.organization_id = v_organization
      ) AS live,
      lease.held_by = v_actor AS mine
    FROM unnest(v_keys, v_problems, v_cells) WITH ORDINALITY AS wanted (cell_key, problem, cell_id, n)
    LEFT JOIN efir_budget.cell_leases AS lease
      ON lease.budget_version_id = p_budget_version_id AND lease.cell_key = wanted.cell_key
  ),
  judged AS MATERIALIZED (
    SELECT
      held.*,
      held.mine OR NOT held.live OR coalesce(p_steal, FALSE) AS taken,
      held.live AND NOT held.mine AS by_other,
      -- Who holds it already goes on under his token. Drawn now, with the row locked: later is greater.
      CASE WHEN held.live AND held.mine THEN held.token ELSE nextval('efir_budget.cell_lease_tokens') END AS new_token
    FROM held
  ),
  taken AS (
    UPDATE efir_budget.cell_leases AS lease
    SET token = judged.new_token, held_by = v_actor, expires_at = v_at + v_time, told_until = v_at + v_time,
      acquired_at = CASE WHEN judged.live AND judged.mine THEN judged.acquired_at ELSE v_at END
    FROM judged
    WHERE judged.problem IS NULL AND judged.taken
      AND lease.budget_version_id = p_budget_version_id AND lease.cell_key = judged.cell_key
  ),
  recorded AS (
    INSERT INTO efir_budget.cell_lease_steals (
      lost_token, token, budget_version_id, cell_key, stolen_from, stolen_by, stolen_at
    )
    SELECT judged.token, judged.new_token, p_budget_version_id, judged.cell_key, judged.held_by, v_actor, v_at
    FROM judged
    WHERE judged.problem IS NULL AND judged.taken AND judged.by_other
  )
  SELECT
    jsonb_agg(
      CASE
        WHEN judged.problem IS NOT NULL THEN judged.problem
        WHEN judged.taken THEN jsonb_build_array('acquired', judged.cell_id, judged.new_token, v_at + v_time)
        ELSE jsonb_build_array('held', judged.held_by, judged.expires_at)
      END
      ORDER BY judged.n
    ),
    array_agg(judged.cell_key) FILTER (WHERE judged.problem IS NULL AND judged.taken)
  INTO v_results, v_taken
  FROM judged;

  PERFORM efir_budget.tell_leases(p_budget_version_id, v_taken);
  PERFORM efir_budget.sweep_leases();
  RETURN jsonb_build_object('at', v_at, 'results', v_results);
EXCEPTION
  WHEN deadlock_detected OR serialization_failure THEN
    -- Not among these functions, whose locks are ordered: with a transaction of someone's own SQL.
    RAISE EXCEPTION 'The leases were being changed by others in another order; nothing was done.'
      USING ERRCODE = 'PT503', DETAIL = '{}', HINT = 'Send the call again.';
END
$$;

COMMENT ON FUNCTION efir_budget.acquire_leases IS
'Leases the cells that nobody else holds a lease of; with p_steal the others too, on record. Each cell by itself.';

CREATE FUNCTION efir_budget.hold_tokens(p_budget_version_id uuid, p_tokens bigint[]) RETURNS bigint[]
LANGUAGE sql
SET search_path = ''
AS $$
  SELECT array_agg(held.token)
  FROM (
    SELECT lease.token FROM efir_budget.cell_leases AS lease
    WHERE lease.token = ANY(p_tokens) AND lease.budget_version_id = p_budget_version_id AND lease.held_by = auth.uid()
    ORDER BY lease.cell_key
    FOR UPDATE
  ) AS held
$$;

COMMENT ON FUNCTION efir_budget.hold_tokens IS 'Those of the tokens that are the caller''s, their rows locked in key order. Internal.';

CREATE FUNCTION efir_budget.renew_leases(
  p_budget_version_id uuid, p_tokens jsonb, p_ttl_ms integer DEFAULT 30000
) RETURNS jsonb
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
  v_time interval;
  v_tokens bigint[];
  v_held bigint[];
  v_at timestamptz;
  v_is_news boolean;
  v_results jsonb;
BEGIN
  PERFORM efir_budget.require_budget(p_budget_version_id);
  v_time := efir_budget.lease_time(p_ttl_ms);
  v_tokens := efir_budget.lease_tokens(p_tokens);
  v_held := efir_budget.hold_tokens(p_budget_version_id, v_tokens);
  v_at := clock_timestamp();
  WITH renewed AS (
    UPDATE efir_budget.cell_leases AS lease
    SET expires_at = v_at + v_time
    WHERE lease.token = ANY(v_held) AND lease.expires_at > v_at
    -- Not each time: others are told when less than half of the time is left of what they know.
    RETURNING lease.token, lease.told_until NOT BETWEEN v_at + v_time / 2 AND v_at + v_time AS is_news
  )
  SELECT array_agg(renewed.token), bool_or(renewed.is_news) INTO v_held, v_is_news FROM renewed;
  IF v_is_news THEN
    PERFORM efir_budget.tell_renewals(p_budget_version_id);
  END IF;

  SELECT jsonb_agg(
    CASE
      WHEN given.token = ANY(v_held) THEN jsonb_build_array('renewed', given.token, v_at + v_time)
      ELSE jsonb_build_array('lost', steal.stolen_by)
    END
    ORDER BY given.n
  ) INTO v_results
  FROM unnest(v_tokens) WITH ORDINALITY AS given (token, n)
  LEFT JOIN efir_budget.cell_lease_steals AS steal
    ON steal.lost_token = given.token AND steal.budget_version_id = p_budget_version_id;
  RETURN jsonb_build_object('at', v_at, 'results', v_results);
END
$$;

COMMENT ON FUNCTION efir_budget.renew_leases IS 'Prolongs the caller''s leases that have not expired; says which are lost, and to whom.';

CREATE FUNCTION efir_budget.release_leases(p_budget_version_id uuid, p_tokens jsonb) RETURNS jsonb
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
  v_tokens bigint[];
  v_held bigint[];
  v_keys jsonb[];
  v_at timestamptz;
  v_results jsonb;
BEGIN
  PERFORM efir_budget.require_budget(p_budget_version_id);
  v_tokens := efir_budget.lease_tokens(p_tokens);
  v_held := efir_budget.hold_tokens(p_budget_version_id, v_tokens);
  v_at := clock_timestamp();
  WITH released AS (
    DELETE FROM efir_budget.cell_leases AS lease
    WHERE lease.token = ANY(v_held)
    RETURNING lease.token, lease.cell_key, lease.expires_at
  )
  SELECT array_agg(released.token), array_agg(released.cell_key) INTO v_held, v_keys
  FROM released WHERE released.expires_at > v_at;
  PERFORM efir_budget.tell_leases(p_budget_version_id, v_keys);

  SELECT jsonb_agg(
    CASE WHEN given.token = ANY(v_held) THEN '["released"]' ELSE jsonb_build_array('lost', steal.stolen_by) END
    ORDER BY given.n
  ) INTO v_results
  FROM unnest(v_tokens) WITH ORDINALITY AS given (token, n)
  LEFT JOIN efir_budget.cell_lease_steals AS steal
    ON steal.lost_token = given.token AND steal.budget_version_id = p_budget_version_id;
  RETURN jsonb_build_object('at', v_at, 'results', v_results);
END
$$;

COMMENT ON FUNCTION efir_budget.release_leases IS 'Gives up the caller''s leases; says which were lost before, and to whom.';

REVOKE ALL ON FUNCTION efir_budget.lease_time FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.lease_tokens FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.sweep_leases FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.acquire_leases FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.hold_tokens FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.renew_leases FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.release_leases FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION efir_budget.acquire_leases, efir_budget.renew_leases, efir_budget.release_leases
TO authenticated, service_role;

-- 018_write_cells: many cells in one call, each based on a version, all in set-based steps.
--
-- Order of locks, the same for everyone, so that waiting never runs in a circle: operation, the user's stack
-- (hold_stack: writes share it, undo and redo have it alone), session, leases and new keys in key order, existing
-- cells in id order, and at the very end the steps and the budgets (stamp_revisions). Whoever waits for a key holds no
-- cell.

-- A place for leases, which come with 022: until then there are none, and a token means nothing.
CREATE FUNCTION efir_budget.hold_leases(
  p_budget_version_id uuid, p_items efir_budget.write_item[]
) RETURNS efir_budget.write_item[]
LANGUAGE plpgsql
SET search_path = ''
AS $$
BEGIN
  RETURN p_items;
END
$$;

-- Checks the items and finds the cells that they name, without locking any. p_new_ids: from an earlier look.
CREATE FUNCTION efir_budget.parse_items(
  p_budget_version_id uuid, p_items jsonb, p_new_ids uuid[]
) RETURNS efir_budget.write_item[]
LANGUAGE plpgsql
SET search_path = ''
-- One index lookup per item is linear at any size; the planner, who cannot know how many will come or how the
-- table will have grown when it uses the plan again, is not left a choice.
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
SET enable_material = off
SET jit = off
AS $$
DECLARE
  -- Together with pg_input_is_valid, which alone would let braces and other hyphens pass, it does what a pattern with
  -- counts would do in a fifth of the time, and that is much of this.
  c_mask CONSTANT text := '________-____-____-____-____________';
  -- Ids that begin with the time, as the column's default does.
  v_prefix bytea := substring(int8send((extract(EPOCH FROM clock_timestamp()) * 1000)::bigint) FROM 3) || '\x70'::bytea;
  -- Of an item whose cell is there: to make an id for it, too, is a tenth of the work.
  c_no_new_id CONSTANT uuid := '00000000-0000-0000-0000-000000000000';
  v_items efir_budget.write_item[];
  v_leased boolean;
BEGIN
  WITH checked AS MATERIALIZED (
    SELECT
      item.*,
      CASE
        WHEN item.id IS NOT NULL AND NOT (item.id LIKE c_mask AND pg_input_is_valid(item.id, 'uuid'))
          THEN '["invalid", "id", "An id is a uuid."]'::jsonb
        WHEN item.id IS NULL AND coalesce(item.module, '') = '' THEN '["invalid", "module", "A cell has a module, or is named by its id."]'
        WHEN item.id IS NULL AND char_length(item.module) > 50 THEN '["invalid", "module", "A module has at most 50 characters."]'
        WHEN item.id IS NULL AND coalesce(item.field, '') = '' THEN '["invalid", "field", "A cell has a field."]'
        WHEN item.id IS NULL AND char_length(item.field) > 100 THEN '["invalid", "field", "A field has at most 100 characters."]'
        WHEN item.id IS NULL AND char_length(item.period) > 20 THEN '["invalid", "period", "A period has at most 20 characters."]'
        WHEN item.id IS NULL AND NOT (item.entity LIKE c_mask AND pg_input_is_valid(item.entity, 'uuid'))
          THEN '["invalid", "entity", "An entity is a uuid or null."]'
        WHEN item.delete NOT IN ('true', 'false') THEN '["invalid", "delete", "delete is true or false."]'
        WHEN item.delete = 'true' AND (item.number IS NOT NULL OR item.text IS NOT NULL)
          THEN '["invalid", "delete", "A deletion carries no value."]'
        WHEN item.number IS NOT NULL AND item.text IS NOT NULL THEN '["invalid", "text", "A cell holds a number or a text, not both."]'
        WHEN octet_length(item.number) > 20 OR item.number !~ '^-?[0-9]+([.][0-9]+)?$'
          OR scale(item.number::numeric) > 4 OR abs(item.number::numeric) >= 1e14
          THEN '["invalid", "number", "A number is decimal text with at most 14 digits before the point and 4 behind it."]'
        WHEN item.base <> '*' AND (octet_length(item.base) > 9 OR item.base !~ '^[0-9]+$')
          THEN '["invalid", "base", "A base is a version, 0, * or null."]'
        WHEN octet_length(item.lease) > 18 OR item.lease !~ '^[0-9]+$'
          THEN '["invalid", "lease", "A lease is the token that acquire_leases gave."]'
      END AS problem
    FROM ROWS FROM (
      jsonb_to_recordset(p_items) AS (
        id text, module text, entity text, field text, period text, number text, text text, delete text, base text,
        lease text
      )
    ) WITH ORDINALITY AS item (id, module, entity, field, period, number, text, delete, base, lease, n)
  ),
  typed AS MATERIALIZED (
    SELECT
      checked.n,
      checked.problem,
      checked.problem IS NULL AND checked.id IS NOT NULL AS by_id,
      CASE WHEN checked.problem IS NULL AND checked.id IS NULL THEN hashtextextended(
        p_budget_version_id::text || '/' || checked.module || '/' || coalesce(lower(checked.entity), '')
        || '/' || checked.field || '/' || coalesce(checked.period, ''), 0
      ) END AS hash,
      CASE WHEN checked.problem IS NULL THEN checked.id::uuid END AS id,
      checked.module,
      CASE WHEN checked.problem IS NULL AND checked.id IS NULL THEN checked.entity::uuid END AS entity,
      checked.field,
      checked.period,
      CASE WHEN checked.problem IS NULL THEN checked.number::numeric(18, 4) END AS number,
      checked.text,
      coalesce(checked.delete = 'true', false) AS deleting,
      CASE WHEN checked.problem IS NULL THEN replace(checked.base, '*', '-1')::integer END AS base,
      CASE WHEN checked.problem IS NULL THEN checked.lease::bigint END AS lease
    FROM checked
  ),
  found AS (
    SELECT
      typed.*,
      cell.id AS cell_id,
      -- The same cell twice: by its id, or by its key where there is none yet.
      typed.problem IS NULL AND 1 < row_number() OVER (
        PARTITION BY
          cell.id,
          CASE WHEN cell.id IS NULL THEN coalesce(typed.id, typed.entity) END,
          CASE WHEN cell.id IS NULL THEN typed.period END COLLATE "C",
          CASE WHEN cell.id IS NULL THEN typed.field END COLLATE "C",
          CASE WHEN cell.id IS NULL THEN typed.module END COLLATE "C",
          typed.problem IS NULL
        ORDER BY typed.n
      ) AS again
    FROM typed
    -- The id, and the hash that idx_cells_lookup holds, are the only conditions here that an index can serve: offered
    -- a budget to begin with, a plan made while the table was empty walks all of it for every item.
    LEFT JOIN efir_budget.planning_cells AS by_id
      ON by_id.id = typed.id AND by_id.budget_version_id IS NOT DISTINCT FROM p_budget_version_id
    LEFT JOIN efir_budget.planning_cells AS by_key
      ON hashtextextended(
        by_key.budget_version_id::text || '/' || by_key.module_code || '/' || coalesce(by_key.entity_id::text, '')
        || '/' || by_key.field_name || '/' || coalesce(by_key.period_code, ''), 0
      ) = typed.hash
      AND by_key.budget_version_id IS NOT DISTINCT FROM p_budget_version_id
      AND by_key.module_code IS NOT DISTINCT FROM typed.module
      AND by_key.entity_id IS NOT DISTINCT FROM typed.entity
      AND by_key.field_name IS NOT DISTINCT FROM typed.field
      AND by_key.period_code IS NOT DISTINCT FROM typed.period
    CROSS JOIN LATERAL (SELECT coalesce(by_id.id, by_key.id) AS id) AS cell
  )
  SELECT array_agg(
    ROW(
      found.n - 1,
      CASE
        WHEN found.problem IS NOT NULL THEN found.problem
        WHEN found.again THEN '["invalid", "key", "The cell is in this call already."]'
        WHEN found.cell_id IS NOT NULL THEN NULL
        WHEN found.by_id THEN '["not_found", "There is no cell of that id in this budget."]'
        WHEN found.base <> 0 THEN '["conflict", null]'
      END,
      found.cell_id,
      CASE
        WHEN p_new_ids IS NOT NULL THEN p_new_ids[found.n]
        WHEN found.cell_id IS NOT NULL THEN c_no_new_id
        ELSE encode(overlay(uuid_send(gen_random_uuid()) PLACING v_prefix FROM 1 FOR 7), 'hex')::uuid
      END,
      found.module, found.entity, found.field, found.period,
      found.number, found.text,
      -- Nothing, where nothing is: no cell is made for it.
      found.deleting OR (found.cell_id IS NULL AND found.number IS NULL AND found.text IS NULL),
      found.base, found.lease
    )::efir_budget.write_item
    ORDER BY found.n
  ), bool_or(found.lease IS NOT NULL) INTO v_items, v_leased
  FROM found;
  IF v_leased THEN
    v_items := efir_budget.hold_leases(p_budget_version_id, v_items);
  END IF;
  RETURN v_items;
END
$$;

COMMENT ON FUNCTION efir_budget.hold_leases IS 'Marks the items whose lease is lost. Internal.';
COMMENT ON FUNCTION efir_budget.parse_items IS 'The items of a write call, checked and resolved. Internal.';

CREATE FUNCTION efir_budget.sort_items(
  p_items efir_budget.write_item[], OUT new_cells integer, OUT existing_cells integer, OUT refused jsonb
)
LANGUAGE plpgsql
IMMUTABLE
SET search_path = ''
AS $$
BEGIN
  SELECT
    count(*) FILTER (WHERE item.problem IS NULL AND item.id IS NULL AND NOT item.deleting),
    count(*) FILTER (WHERE item.problem IS NULL AND item.id <> item.new_id),
    coalesce(jsonb_agg(jsonb_build_array(item.n) || item.problem ORDER BY item.n) FILTER (WHERE item.problem IS NOT NULL), '[]')
  INTO new_cells, existing_cells, refused
  FROM unnest(p_items) AS item;
END
$$;

COMMENT ON FUNCTION efir_budget.sort_items IS 'How many cells are to be made, how many are there, and which items are no good. Internal.';

-- Why items that name an existing cell are not among the good ones. p_tried: whether locks were taken; where not,
-- a good item is simply not among the good ones, and is passed over.
CREATE FUNCTION efir_budget.explain_refusals(
  p_items efir_budget.write_item[], p_good efir_budget.write_outcome[], p_tried boolean
) RETURNS jsonb
LANGUAGE plpgsql
SET search_path = ''
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
SET enable_material = off
SET jit = off
AS $$
DECLARE
  v_is_good boolean[] := array_fill(FALSE, ARRAY[cardinality(p_items)]);
  v_outcome efir_budget.write_outcome;
  v_refused jsonb;
BEGIN
  FOREACH v_outcome IN ARRAY p_good LOOP
    v_is_good[v_outcome.n + 1] := TRUE;
  END LOOP;

  SELECT jsonb_agg(judged.result ORDER BY judged.n) INTO v_refused
  FROM (
    SELECT
      item.n,
      CASE
        WHEN cell.id IS NULL THEN jsonb_build_array(item.n, 'not_found', 'The cell is gone.')
        WHEN cell.is_locked THEN jsonb_build_array(item.n, 'locked', shown.tuple)
        WHEN NOT p_tried AND CASE
          WHEN item.base IS NULL THEN TRUE
          WHEN item.base = 0 THEN cell.deleted_at IS NOT NULL
          ELSE item.base IN (-1, cell.version) AND cell.deleted_at IS NULL
        END THEN NULL
        ELSE jsonb_build_array(item.n, 'conflict', shown.tuple)
      END AS result
    FROM unnest(p_items) AS item
    LEFT JOIN efir_budget.planning_cells AS cell ON cell.id = item.id
    LEFT JOIN efir_budget.cell_tuples AS shown ON shown.id = item.id
    WHERE item.problem IS NULL AND item.id <> item.new_id AND NOT v_is_good[item.n + 1]
  ) AS judged
  WHERE judged.result IS NOT NULL;
  RETURN coalesce(v_refused, '[]');
END
$$;

COMMENT ON FUNCTION efir_budget.explain_refusals IS 'The results of items that did not get hold of their cell. Internal.';

CREATE FUNCTION efir_budget.write_cells(
  p_budget_version_id uuid,
  p_items jsonb,
  p_mode text DEFAULT 'atomic',
  p_operation_id uuid DEFAULT NULL,
  p_session_id uuid DEFAULT NULL,
  p_session_label text DEFAULT NULL,
  p_change_type text DEFAULT 'manual'
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
  v_session uuid := coalesce(p_session_id, gen_random_uuid());
  v_hash bytea;
  v_result jsonb;
  v_value_type text := CASE p_change_type WHEN 'import' THEN 'imported' WHEN 'calculation' THEN 'calculated' ELSE 'input' END;
  v_at timestamptz := clock_timestamp();
  v_begun boolean;
  v_earnest boolean;
  v_items efir_budget.write_item[];
  v_new integer;
  v_existing integer;
  v_inserted integer := 0;
  v_good efir_budget.write_outcome[] := '{}';
  v_refused jsonb := '[]';
  v_updates integer;
  v_commit bigint;
BEGIN
  PERFORM efir_budget.require_budget(p_budget_version_id);
  IF p_mode IS NULL OR p_mode NOT IN ('atomic', 'partial') THEN
    PERFORM efir_budget.refuse_argument('p_mode', to_jsonb(p_mode), 'atomic or partial');
  ELSIF p_change_type IS NULL OR p_change_type NOT IN ('manual', 'spread', 'import', 'calculation') THEN
    PERFORM efir_budget.refuse_argument('p_change_type', to_jsonb(p_change_type), 'manual, spread, import or calculation');
  ELSIF char_length(p_session_label) > 200 THEN
    PERFORM efir_budget.refuse_argument('p_session_label', to_jsonb(char_length(p_session_label)), 'at most 200 characters');
  ELSIF p_items IS NULL OR jsonb_typeof(p_items) <> 'array' OR jsonb_array_length(p_items) NOT BETWEEN 1 AND 10000 THEN
    PERFORM efir_budget.refuse_argument('p_items', to_jsonb(jsonb_typeof(p_items)), 'an array of 1 to 10000 objects');
  ELSIF jsonb_path_exists(p_items, '$[*] ? (@.type() != "object")') THEN
    PERFORM efir_budget.refuse_argument('p_items', NULL, 'an array of 1 to 10000 objects');
  END IF;

  IF p_operation_id IS NOT NULL THEN
    v_hash := sha256(convert_to(
      jsonb_build_array(p_items, p_mode, p_session_id, p_session_label, p_change_type)::text, 'UTF8'
    ));
    v_result := efir_budget.replay_operation(p_operation_id, p_budget_version_id, v_actor, v_hash);
    IF v_result IS NOT NULL THEN
      RETURN v_result;
    END IF;
  END IF;
  PERFORM efir_budget.hold_stack(v_actor, FALSE);
  SELECT joined.session_id, joined.begun INTO v_session, v_begun
  FROM efir_budget.join_session(v_session, p_budget_version_id, v_actor, p_session_label, p_change_type) AS joined;

  v_items := efir_budget.parse_items(p_budget_version_id, p_items, NULL);
  SELECT sorted.* INTO v_new, v_existing, v_refused FROM efir_budget.sort_items(v_items) AS sorted;
  -- An atomic call that is refused anyway takes no locks; it still learns about its other items below.
  v_earnest := p_mode = 'partial' OR v_refused = '[]';

  IF v_earnest AND v_new > 0 THEN
    v_commit := efir_budget.open_commit(p_budget_version_id, v_session, p_change_type, p_operation_id, v_actor, v_at);
    INSERT INTO efir_budget.planning_cells (
      id, budget_version_id, module_code, entity_id, field_name, period_code,
      value_numeric, value_text, value_type, modified_by, modified_at, created_at, version
    )
    SELECT
      item.new_id, p_budget_version_id, item.module_code, item.entity_id, item.field_name, item.period_code,
      item.value_numeric, item.value_text, v_value_type, v_actor, v_at, v_at, -2147483648
    FROM unnest(v_items) AS item
    WHERE item.problem IS NULL AND item.id IS NULL AND NOT item.deleting
    ORDER BY item.module_code COLLATE "C", item.field_name COLLATE "C", item.period_code COLLATE "C", item.entity_id
    ON CONFLICT ON CONSTRAINT uq_planning_cell DO NOTHING;
    GET DIAGNOSTICS v_inserted = ROW_COUNT;

    IF v_inserted < v_new THEN
      -- Someone else made some of these cells meanwhile: from here on they are existing ones.
      SELECT efir_budget.parse_items(p_budget_version_id, p_items, array_agg(item.new_id ORDER BY item.n))
      INTO v_items
      FROM unnest(v_items) AS item;
      SELECT sorted.* INTO v_new, v_existing, v_refused FROM efir_budget.sort_items(v_items) AS sorted;
      IF v_new > 0 THEN
        -- Neither made by us nor to be found: the budget went away meanwhile, and its cells with it.
        PERFORM efir_budget.require_budget(NULL);
      END IF;
    END IF;
  END IF;

  IF v_earnest AND v_existing > 0 THEN
    -- Lock and compare in one: a stale writer leaves the row to others, and who waited sees the newest version.
    WITH held AS MATERIALIZED (
      SELECT
        item.n, item.value_numeric, item.value_text, item.deleting,
        cell.id, cell.version, cell.value_numeric AS old_numeric, cell.value_text AS old_text,
        cell.deleted_at, cell.effective_author
      FROM unnest(v_items) AS item
      INNER JOIN efir_budget.planning_cells AS cell ON cell.id = item.id
      WHERE item.problem IS NULL AND item.id <> item.new_id AND NOT cell.is_locked
        AND CASE
          WHEN item.base IS NULL THEN TRUE
          WHEN item.base = 0 THEN cell.deleted_at IS NOT NULL
          ELSE item.base IN (-1, cell.version) AND cell.deleted_at IS NULL
        END
      ORDER BY cell.id
      FOR NO KEY UPDATE OF cell
    ),
    judged AS (
      SELECT
        held.*,
        CASE
          -- No cell and an empty one show the same: nothing.
          WHEN held.deleted_at IS NOT NULL THEN held.value_numeric IS NOT NULL OR held.value_text IS NOT NULL
          WHEN held.deleting THEN TRUE
          WHEN held.value_numeric IS DISTINCT FROM held.old_numeric OR held.value_text IS DISTINCT FROM held.old_text THEN TRUE
          -- To repeat by hand what someone else wrote is to confirm it, and survives the other's undo.
          ELSE p_change_type = 'manual' AND coalesce(held.effective_author <> v_actor, FALSE)
        END AS changes
      FROM held
    )
    SELECT
      coalesce(array_agg(
        ROW(
          judged.n, judged.id, judged.version + judged.changes::integer, judged.changes,
          judged.value_numeric, judged.value_text, judged.deleting
        )::efir_budget.write_outcome
      ), '{}'),
      count(*) FILTER (WHERE judged.changes)
    INTO v_good, v_updates
    FROM judged;
  END IF;

  IF cardinality(v_good) < v_existing THEN
    v_refused := v_refused || efir_budget.explain_refusals(v_items, v_good, v_earnest);
  END IF;
  IF p_mode = 'atomic' AND v_refused <> '[]' THEN
    PERFORM efir_budget.refuse_write(v_refused);
  END IF;

  IF v_updates > 0 THEN
    IF v_commit IS NULL THEN
      -- Time was spent waiting for locks; a cell's times go the way of its versions.
      v_at := clock_timestamp();
      v_commit := efir_budget.open_commit(p_budget_version_id, v_session, p_change_type, p_operation_id, v_actor, v_at);
    END IF;
    UPDATE efir_budget.planning_cells AS cell
    SET value_numeric = outcome.value_numeric,
      value_text = outcome.value_text,
      value_type = v_value_type,
      deleted_at = CASE WHEN outcome.deleting THEN v_at END,
      modified_by = v_actor,
      modified_at = v_at,
      version = -2147483648
    FROM unnest(v_good) AS outcome
    WHERE cell.id = outcome.id AND outcome.changes;
  ELSIF v_inserted = 0 THEN
    -- Nothing was written: no commit, and no step to undo.
    DELETE FROM efir_budget.cell_commits AS opened WHERE opened.commit_id = v_commit;
    IF v_begun THEN
      DELETE FROM efir_budget.cell_sessions AS step WHERE step.id = v_session;
    END IF;
    v_commit := NULL;
  END IF;

  SELECT jsonb_agg(answer.result ORDER BY answer.n) INTO v_result
  FROM (
    SELECT
      item.n,
      CASE WHEN item.deleting THEN '["unchanged", null]' ELSE jsonb_build_array('written', item.new_id, 1) END AS result
    FROM unnest(v_items) AS item
    WHERE item.problem IS NULL AND coalesce(item.id = item.new_id, TRUE)
    UNION ALL
    SELECT outcome.n, jsonb_build_array('written', outcome.id, outcome.version)
    FROM unnest(v_good) AS outcome
    WHERE outcome.changes
    UNION ALL
    SELECT outcome.n, jsonb_build_array('unchanged', shown.tuple)
    FROM unnest(v_good) AS outcome
    LEFT JOIN efir_budget.cell_tuples AS shown ON shown.id = outcome.id
    WHERE NOT outcome.changes
    UNION ALL
    SELECT (refused.result ->> 0)::integer, refused.result - 0
    FROM jsonb_array_elements(v_refused) AS refused (result)
  ) AS answer;

  -- The last act, once: from here to the commit this budget's other writers wait.
  SET CONSTRAINTS efir_budget.cell_commits_revision IMMEDIATE;
  SET CONSTRAINTS efir_budget.cell_commits_revision DEFERRED;

  v_result := jsonb_build_object(
    'revision', coalesce(
      (SELECT stamped.revision FROM efir_budget.cell_commits AS stamped WHERE stamped.commit_id = v_commit),
      efir_budget.current_revision(p_budget_version_id)
    ),
    'operationId', p_operation_id, 'sessionId', v_session, 'actor', v_actor, 'at', v_at, 'results', v_result
  );
  IF p_operation_id IS NOT NULL THEN
    INSERT INTO efir_budget.cell_operations (operation_id, budget_version_id, actor, payload_hash, result)
    VALUES (p_operation_id, p_budget_version_id, v_actor, v_hash, v_result);
  END IF;
  RETURN v_result;
EXCEPTION
  WHEN deadlock_detected OR serialization_failure THEN
    -- Not among these functions, whose locks are ordered: with a transaction of someone's own SQL.
    RAISE EXCEPTION 'The cells were being changed by others in another order; nothing was written.'
      USING ERRCODE = 'PT503', DETAIL = '{}', HINT = 'Send the call again.';
END
$$;

COMMENT ON FUNCTION efir_budget.write_cells IS
'Writes up to 10000 cells, each based on a version; see docs/reference/wire.md. Call it last in a transaction, and once.';

REVOKE ALL ON FUNCTION efir_budget.hold_leases FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.parse_items FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.sort_items FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.explain_refusals FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.write_cells FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION efir_budget.write_cells TO authenticated, service_role;

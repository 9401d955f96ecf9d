-- 037_import_cells: imports write columns, not items. What is alike for thousands of cells is said once, what is written
-- already is told before anything is locked, and the answer counts instead of listing.
--
-- The rules are those of write_cells with p_mode "partial" and p_change_type "import", and so is the order of locks.

-- What the first update of merge_cells passed over: as it is now, and held.
CREATE FUNCTION efir_budget.merge_again(
  p_existing efir_budget.write_item[], p_budget_version_id uuid, p_rule text, p_commit bigint, p_actor uuid, p_at timestamptz,
  OUT updated integer, OUT unchanged integer, OUT problems jsonb
)
LANGUAGE plpgsql
SET search_path = ''
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
SET enable_material = off
SET jit = off
AS $$
DECLARE
  v_left efir_budget.write_item[];
  v_good efir_budget.write_outcome[];
  v_held integer;
  v_updates integer;
BEGIN
  IF EXISTS (SELECT FROM unnest(p_existing) AS item GROUP BY item.id HAVING count(*) > 1) THEN
    PERFORM efir_budget.refuse_argument('p_cells', NULL, 'columns in which each cell comes once');
  END IF;
  SELECT array_agg(item) INTO v_left
  FROM unnest(p_existing) AS item
  WHERE NOT EXISTS (
    SELECT FROM efir_budget.cell_changes AS change WHERE change.cell_id = item.id AND change.commit_id IS NOT DISTINCT FROM p_commit
  );

  -- Lock and compare in one: who waited sees the newest version.
  WITH held AS MATERIALIZED (
    SELECT
      item.n, item.value_numeric, item.value_text,
      cell.ctid AS place, cell.id, cell.version, cell.lock_reason,
      CASE
        WHEN cell.deleted_at IS NOT NULL THEN
          CASE
            WHEN p_rule = 'update' THEN 'missing'
            WHEN item.value_numeric IS NULL AND item.value_text IS NULL THEN 'unchanged'
            ELSE 'changed'
          END
        WHEN cell.is_locked THEN 'locked'
        WHEN p_rule = 'insert' THEN 'exists'
        WHEN item.value_numeric IS NOT DISTINCT FROM cell.value_numeric AND item.value_text IS NOT DISTINCT FROM cell.value_text
          THEN 'unchanged'
        ELSE 'changed'
      END AS fate
    FROM unnest(v_left) AS item
    INNER JOIN efir_budget.planning_cells AS cell ON cell.id = item.id
    ORDER BY cell.id
    FOR NO KEY UPDATE OF cell
  )
  SELECT
    count(*),
    count(*) FILTER (WHERE held.fate = 'changed'),
    count(*) FILTER (WHERE held.fate = 'unchanged'),
    coalesce(array_agg(
      ROW(
        held.n, held.place, held.id, held.version + 1, TRUE, held.value_numeric, held.value_text, FALSE
      )::efir_budget.write_outcome
    ) FILTER (WHERE held.fate = 'changed'), '{}'),
    coalesce(jsonb_agg(
      CASE held.fate
        WHEN 'locked' THEN jsonb_build_array(held.n, 'locked', held.lock_reason)
        WHEN 'exists' THEN jsonb_build_array(held.n, 'exists', held.version)
        ELSE jsonb_build_array(held.n, held.fate)
      END
    ) FILTER (WHERE held.fate IN ('locked', 'exists', 'missing')), '[]')
  INTO v_held, updated, unchanged, v_good, problems
  FROM held;
  IF v_held < cardinality(v_left) THEN
    -- They were there a moment ago: the budget went away meanwhile, and its cells with it.
    PERFORM efir_budget.require_budget(NULL);
  END IF;

  UPDATE efir_budget.planning_cells AS cell
  SET value_numeric = outcome.value_numeric,
    value_text = outcome.value_text,
    value_type = 'imported',
    deleted_at = NULL,
    effective_version = outcome.version,
    effective_author = p_actor,
    modified_by = p_actor,
    modified_at = greatest(p_at, cell.modified_at),
    version = outcome.version
  FROM unnest(v_good) AS outcome
  WHERE cell.ctid = outcome.place AND cell.id = outcome.id;
  GET DIAGNOSTICS v_updates = ROW_COUNT;
  IF v_updates <> updated THEN
    RAISE EXCEPTION 'A trigger changed the cells while they were being written; nothing was written.'
      USING ERRCODE = 'PT503', DETAIL = '{}', HINT = 'Send the call again.';
  END IF;
END
$$;

COMMENT ON FUNCTION efir_budget.merge_again IS 'Writes what changed while merge_cells looked at it, or tells why not. Internal.';

-- Both ways in end here: the columns are the call's, or those of the staging table.
CREATE FUNCTION efir_budget.merge_cells(
  p_budget_version_id uuid,
  p_modules text[], p_entities uuid[], p_fields text[], p_periods text[], p_numbers numeric[], p_texts text[],
  p_rule text, p_operation_id uuid, p_session_id uuid, p_session_label text
) RETURNS jsonb
LANGUAGE plpgsql
SET search_path = ''
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
SET enable_material = off
SET jit = off
SET plan_cache_mode = force_generic_plan
-- Ten thousand cells, looked up, written and recorded, are passed on in memory and not by way of the disk.
SET work_mem = '64MB'
AS $$
DECLARE
  v_actor uuid := auth.uid();
  v_session uuid := coalesce(p_session_id, gen_random_uuid());
  v_at timestamptz := clock_timestamp();
  v_hash bytea;
  v_result jsonb;
  v_begun boolean;
  v_commit bigint;
  v_prefix bytea;
  v_budget_hash text := p_budget_version_id::text || '/';
  v_given integer;
  v_bad boolean;
  v_new integer;
  v_writing boolean;
  v_created integer := 0;
  v_unchanged integer;
  v_again integer;
  v_gone integer;
  v_problems jsonb;
  v_late jsonb;
  v_existing efir_budget.write_item[];
  v_held integer;
  v_updates integer := 0;
  v_updated integer;
  -- $8 says whether all are new: then none is looked for again.
  v_making CONSTANT text := $making$
    INSERT INTO efir_budget.planning_cells (
      id, budget_version_id, module_code, entity_id, field_name, period_code,
      value_numeric, value_text, value_type, modified_by, modified_at, created_at, version, effective_version, effective_author
    )
    SELECT
      encode($9 || int4send(item.n::integer), 'hex')::uuid,
      $1, item.module, item.entity, item.field, item.period,
      item.number, item.text, 'imported', $10, $11, $11, 1, 1, $10
    FROM unnest($2, $3, $4, $5, $6, $7) WITH ORDINALITY AS item (module, entity, field, period, number, text, n)
    WHERE $8 OR ((item.number IS NOT NULL OR item.text IS NOT NULL) AND NOT EXISTS (
      SELECT
      FROM efir_budget.planning_cells AS cell
      WHERE (hashtext(cell.budget_version_id::text || '/' || cell.module_code || '/' || coalesce(cell.entity_id::text, ''))::bigint << 32)
        | (hashtext(cell.field_name || '/' || coalesce(cell.period_code, ''))::bigint & 4294967295)
        = (hashtext($1::text || '/' || item.module || '/' || coalesce(item.entity::text, ''))::bigint << 32)
        | (hashtext(item.field || '/' || coalesce(item.period, ''))::bigint & 4294967295)
        AND cell.budget_version_id IS NOT DISTINCT FROM $1
        AND cell.module_code IS NOT DISTINCT FROM item.module
        AND cell.entity_id IS NOT DISTINCT FROM item.entity
        AND cell.field_name IS NOT DISTINCT FROM item.field
        AND cell.period_code IS NOT DISTINCT FROM item.period
    ))
    ORDER BY item.module COLLATE "C", item.entity, item.field COLLATE "C", item.period COLLATE "C"
  $making$;
BEGIN
  PERFORM efir_budget.require_budget(p_budget_version_id);
  IF p_rule IS NULL OR p_rule NOT IN ('insert', 'update', 'upsert') THEN
    PERFORM efir_budget.refuse_argument('p_rule', to_jsonb(p_rule), 'insert, update or upsert');
  ELSIF char_length(p_session_label) > 200 THEN
    PERFORM efir_budget.refuse_argument('p_session_label', to_jsonb(char_length(p_session_label)), 'at most 200 characters');
  END IF;

  IF p_operation_id IS NOT NULL THEN
    v_hash := sha256(convert_to(jsonb_build_array(
      hash_array_extended(p_modules, 0), hash_array_extended(p_entities, 0), hash_array_extended(p_fields, 0),
      hash_array_extended(p_periods, 0), hash_array_extended(p_numbers, 0), hash_array_extended(p_texts, 0),
      cardinality(p_modules), p_rule, p_session_id, p_session_label
    )::text, 'UTF8'));
    v_result := efir_budget.replay_operation(p_operation_id, p_budget_version_id, v_actor, v_hash);
    IF v_result IS NOT NULL THEN
      RETURN v_result;
    END IF;
  END IF;
  PERFORM efir_budget.hold_stack(v_actor, FALSE);

  -- Looks each cell up, without a lock, and tells what is to be done.
  SELECT
    count(*),
    bool_or(found.fate = 'bad'),
    count(*) FILTER (WHERE found.fate = 'new'),
    count(*) FILTER (WHERE found.fate = 'unchanged'),
    array_agg(
      ROW(found.n - 1, NULL, found.id, NULL, NULL, NULL, NULL, NULL, found.number, found.text, FALSE, NULL, NULL)::efir_budget.write_item
    ) FILTER (WHERE found.fate = 'existing'),
    coalesce(jsonb_agg(
      CASE found.fate
        WHEN 'locked' THEN jsonb_build_array(found.n - 1, 'locked', found.lock_reason)
        WHEN 'exists' THEN jsonb_build_array(found.n - 1, 'exists', found.version)
        ELSE jsonb_build_array(found.n - 1, found.fate)
      END
    ) FILTER (WHERE found.fate IN ('locked', 'exists', 'missing')), '[]')
  INTO v_given, v_bad, v_new, v_unchanged, v_existing, v_problems
  FROM (
    SELECT
      given.n, given.number, given.text, cell.id, cell.version, cell.lock_reason,
      CASE
        WHEN given.module IS NULL OR given.field IS NULL OR given.module = '' OR given.field = ''
          OR char_length(given.module) > 50 OR char_length(given.field) > 100 OR char_length(given.period) > 20
          OR (given.number IS NOT NULL AND given.text IS NOT NULL)
          OR abs(given.number) >= 1e14 OR scale(given.number) > 4 OR given.number = 'NaN' THEN 'bad'
        WHEN cell.id IS NULL OR cell.deleted_at IS NOT NULL THEN
          CASE
            WHEN p_rule = 'update' THEN 'missing'
            -- No cell and an empty one show the same: nothing.
            WHEN given.number IS NULL AND given.text IS NULL THEN 'unchanged'
            WHEN cell.id IS NULL THEN 'new'
            ELSE 'existing'
          END
        WHEN cell.is_locked THEN 'locked'
        WHEN p_rule = 'insert' THEN 'exists'
        WHEN given.number IS NOT DISTINCT FROM cell.value_numeric AND given.text IS NOT DISTINCT FROM cell.value_text THEN 'unchanged'
        ELSE 'existing'
      END AS fate
    FROM unnest(p_modules, p_entities, p_fields, p_periods, p_numbers, p_texts)
      WITH ORDINALITY AS given (module, entity, field, period, number, text, n)
    LEFT JOIN efir_budget.planning_cells AS cell
      ON (hashtext(cell.budget_version_id::text || '/' || cell.module_code || '/' || coalesce(cell.entity_id::text, ''))::bigint << 32)
      | (hashtext(cell.field_name || '/' || coalesce(cell.period_code, ''))::bigint & 4294967295)
      = (hashtext(v_budget_hash || given.module || '/' || coalesce(given.entity::text, ''))::bigint << 32)
      | (hashtext(given.field || '/' || coalesce(given.period, ''))::bigint & 4294967295)
      AND cell.budget_version_id IS NOT DISTINCT FROM p_budget_version_id
      AND cell.module_code IS NOT DISTINCT FROM given.module
      AND cell.entity_id IS NOT DISTINCT FROM given.entity
      AND cell.field_name IS NOT DISTINCT FROM given.field
      AND cell.period_code IS NOT DISTINCT FROM given.period
    -- Without it each of the questions above would work out the fate anew.
    OFFSET 0
  ) AS found;

  IF v_bad THEN
    PERFORM efir_budget.refuse_argument('p_cells', NULL,
      'columns of cells: module and field at most 50 and 100 characters, period at most 20, number with at most 14 digits before the point and 4 behind it, or text');
  END IF;

  v_writing := v_new > 0 OR v_existing IS NOT NULL;
  -- Where there is nothing to write no session is begun: such calls would wait for each other, each to begin it and to take it back.
  IF v_writing OR EXISTS (SELECT FROM efir_budget.cell_sessions AS step WHERE step.id = v_session) THEN
    SELECT joined.session_id, joined.begun INTO v_session, v_begun
    FROM efir_budget.join_session(v_session, p_budget_version_id, v_actor, p_session_label, 'import') AS joined;
  END IF;
  IF v_writing THEN
    v_commit := efir_budget.open_commit(p_budget_version_id, v_session, 'import', p_operation_id, v_actor, v_at);
    -- Commit and place together never come twice, and neighbours are neighbours in every index.
    v_prefix := efir_budget.record_id_prefix(v_commit);
  END IF;

  IF v_new > 0 THEN
    -- That someone else makes one of them just now is rare, and being ready for it (ON CONFLICT) a tenth of the work.
    BEGIN
      EXECUTE v_making USING
        p_budget_version_id, p_modules, p_entities, p_fields, p_periods, p_numbers, p_texts, v_new = v_given, v_prefix, v_actor, v_at;
      GET DIAGNOSTICS v_created = ROW_COUNT;
    EXCEPTION
      WHEN unique_violation THEN
        EXECUTE v_making || ' ON CONFLICT ON CONSTRAINT uq_planning_cell DO NOTHING' USING
          p_budget_version_id, p_modules, p_entities, p_fields, p_periods, p_numbers, p_texts, v_new = v_given, v_prefix, v_actor, v_at;
        GET DIAGNOSTICS v_created = ROW_COUNT;
    END;
  END IF;

  IF v_created < v_new THEN
    -- Someone else made some of these cells meanwhile: from here on they are existing ones.
    WITH given AS MATERIALIZED (
      SELECT
        item.*,
        encode(v_prefix || int4send(item.n::integer), 'hex')::uuid AS own,
        (hashtext(v_budget_hash || item.module || '/' || coalesce(item.entity::text, ''))::bigint << 32)
        | (hashtext(item.field || '/' || coalesce(item.period, ''))::bigint & 4294967295) AS hash
      FROM unnest(p_modules, p_entities, p_fields, p_periods, p_numbers, p_texts)
        WITH ORDINALITY AS item (module, entity, field, period, number, text, n)
    )
    SELECT
      array_agg(
        ROW(given.n - 1, NULL, cell.id, NULL, NULL, NULL, NULL, NULL, given.number, given.text, FALSE, NULL, NULL)::efir_budget.write_item
      ) FILTER (WHERE cell.id <> given.own),
      count(*) FILTER (WHERE cell.id <> given.own AND substring(uuid_send(cell.id) FOR 12) = v_prefix),
      count(*) FILTER (WHERE cell.id IS NULL AND (given.number IS NOT NULL OR given.text IS NOT NULL)),
      count(*) FILTER (WHERE cell.id IS NULL AND given.number IS NULL AND given.text IS NULL)
    INTO v_existing, v_again, v_gone, v_unchanged
    FROM given
    LEFT JOIN efir_budget.planning_cells AS cell
      ON (hashtext(cell.budget_version_id::text || '/' || cell.module_code || '/' || coalesce(cell.entity_id::text, ''))::bigint << 32)
      | (hashtext(cell.field_name || '/' || coalesce(cell.period_code, ''))::bigint & 4294967295)
      = given.hash
      AND cell.budget_version_id IS NOT DISTINCT FROM p_budget_version_id
      AND cell.module_code IS NOT DISTINCT FROM given.module
      AND cell.entity_id IS NOT DISTINCT FROM given.entity
      AND cell.field_name IS NOT DISTINCT FROM given.field
      AND cell.period_code IS NOT DISTINCT FROM given.period;
    IF v_again > 0 THEN
      PERFORM efir_budget.refuse_argument('p_cells', NULL, 'columns in which each cell comes once');
    END IF;
    IF v_gone > 0 THEN
      -- Neither made by us nor to be found: the budget went away meanwhile, and its cells with it.
      PERFORM efir_budget.require_budget(NULL);
    END IF;
    -- What the first look found is among those that the next step judges.
    v_problems := '[]';
  END IF;

  IF cardinality(v_existing) > 0 THEN
    -- In one: who waits for a lock compares with the newest version, and sets what comes after that.
    UPDATE efir_budget.planning_cells AS cell
    SET value_numeric = item.value_numeric,
      value_text = item.value_text,
      value_type = 'imported',
      deleted_at = NULL,
      effective_version = cell.version + 1,
      effective_author = v_actor,
      modified_by = v_actor,
      modified_at = greatest(v_at, cell.modified_at),
      version = cell.version + 1
    FROM (SELECT given.* FROM unnest(v_existing) AS given ORDER BY given.id) AS item
    WHERE cell.id = item.id
      AND CASE
        WHEN cell.deleted_at IS NOT NULL THEN p_rule <> 'update' AND (item.value_numeric IS NOT NULL OR item.value_text IS NOT NULL)
        ELSE NOT cell.is_locked AND p_rule <> 'insert'
          AND (item.value_numeric IS DISTINCT FROM cell.value_numeric OR item.value_text IS DISTINCT FROM cell.value_text)
      END;
    GET DIAGNOSTICS v_updates = ROW_COUNT;

    IF v_updates < cardinality(v_existing) THEN
      -- Some of them have changed since the look.
      SELECT judged.updated, judged.unchanged, judged.problems INTO v_updated, v_held, v_late
      FROM efir_budget.merge_again(v_existing, p_budget_version_id, p_rule, v_commit, v_actor, v_at) AS judged;
      v_updates := v_updates + v_updated;
      v_unchanged := v_unchanged + v_held;
      v_problems := v_problems || v_late;
    END IF;
  END IF;

  IF v_updates > 0 THEN
    -- Time was spent waiting for locks; the times of commits go the way of their revisions.
    UPDATE efir_budget.cell_commits AS opened SET created_at = clock_timestamp() WHERE opened.commit_id = v_commit;
  ELSIF v_created = 0 THEN
    -- Nothing was written: no commit, and no step to undo.
    DELETE FROM efir_budget.cell_commits AS opened WHERE opened.commit_id = v_commit;
    IF v_begun THEN
      DELETE FROM efir_budget.cell_sessions AS step WHERE step.id = v_session;
    END IF;
    v_commit := NULL;
  END IF;

  -- The last act, once: from here to the commit this budget's other writers wait.
  PERFORM efir_budget.stamp_revisions();

  v_result := jsonb_build_object(
    'revision', coalesce(
      (SELECT stamped.revision FROM efir_budget.cell_commits AS stamped WHERE stamped.commit_id = v_commit),
      efir_budget.current_revision(p_budget_version_id)
    ),
    'operationId', p_operation_id, 'sessionId', v_session,
    'created', v_created, 'updated', v_updates, 'unchanged', v_unchanged, 'problems', v_problems
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

COMMENT ON FUNCTION efir_budget.merge_cells IS 'Writes columns of cells and counts what became of them. Internal.';

CREATE FUNCTION efir_budget.import_cells(
  p_budget_version_id uuid,
  p_cells json,
  p_rule text DEFAULT 'upsert',
  p_operation_id uuid DEFAULT NULL,
  p_session_id uuid DEFAULT NULL,
  p_session_label text DEFAULT NULL
) RETURNS jsonb
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = ''
AS $$
DECLARE
  v_cells record;
  v_count integer;
BEGIN
  PERFORM efir_budget.require_budget(p_budget_version_id);
  BEGIN
    SELECT given.* INTO v_cells
    FROM json_to_record(p_cells) AS given (
      module text[], entity uuid[], field text[], period text[], number numeric[], text text[]
    );
    v_count := cardinality(v_cells.module);
  EXCEPTION
    WHEN data_exception THEN
      PERFORM efir_budget.refuse_argument('p_cells', NULL, 'an object of arrays module, entity, field, period, number and text: ' || SQLERRM);
  END;
  IF v_count IS NULL OR v_count NOT BETWEEN 1 AND 10000 OR cardinality(v_cells.field) IS DISTINCT FROM v_count
    OR v_count <> ALL(ARRAY[
      coalesce(cardinality(v_cells.entity), v_count), coalesce(cardinality(v_cells.period), v_count),
      coalesce(cardinality(v_cells.number), v_count), coalesce(cardinality(v_cells.text), v_count)
    ])
    OR 1 < ANY(ARRAY[
      array_ndims(v_cells.module), array_ndims(v_cells.entity), array_ndims(v_cells.field),
      array_ndims(v_cells.period), array_ndims(v_cells.number), array_ndims(v_cells.text)
    ])
  THEN
    PERFORM efir_budget.refuse_argument('p_cells', to_jsonb(v_count), 'arrays of one length, 1 to 10000');
  END IF;
  RETURN efir_budget.merge_cells(
    p_budget_version_id, v_cells.module, v_cells.entity, v_cells.field, v_cells.period, v_cells.number, v_cells.text,
    p_rule, p_operation_id, p_session_id, p_session_label
  );
END
$$;

COMMENT ON FUNCTION efir_budget.import_cells IS
'Imports up to 10000 cells, given as columns; see docs/reference/wire.md. Call it last in a transaction, and once.';

-- For a script with a session of its own: COPY fills the table, import_staged_cells empties it into the budget.
CREATE FUNCTION efir_budget.stage_cells() RETURNS void
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = ''
AS $$
BEGIN
  CREATE TEMPORARY TABLE cell_staging (
    module text NOT NULL, entity uuid, field text NOT NULL, period text, number numeric, text text
  ) ON COMMIT DROP;
  GRANT INSERT ON pg_temp.cell_staging TO service_role;
END
$$;

COMMENT ON FUNCTION efir_budget.stage_cells IS
'Makes pg_temp.cell_staging, which lasts until the end of the transaction, for COPY to fill. service_role and owner only.';

CREATE FUNCTION efir_budget.import_staged_cells(
  p_budget_version_id uuid,
  p_rule text DEFAULT 'upsert',
  p_operation_id uuid DEFAULT NULL,
  p_session_id uuid DEFAULT NULL,
  p_session_label text DEFAULT NULL
) RETURNS jsonb
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = ''
SET jit = off
AS $$
DECLARE
  v_cells record;
BEGIN
  PERFORM efir_budget.require_budget(p_budget_version_id);
  -- A step of someone who is no member could never be undone.
  IF auth.uid() IS NOT NULL AND p_budget_version_id NOT IN (SELECT efir_budget.my_budgets()) THEN
    PERFORM efir_budget.refuse_argument('actor', to_jsonb(auth.uid()), 'a member of the organisation that owns the budget');
  END IF;
  -- Whoever may call this must not have it read a table, or a view, of his own making with the owner's rights.
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_class AS staging
    WHERE staging.relname = 'cell_staging' AND staging.relnamespace = pg_my_temp_schema()
      AND staging.relkind = 'r' AND staging.relowner = current_user::regrole
  ) THEN
    PERFORM efir_budget.refuse_argument('cell_staging', NULL, 'a table that stage_cells made in this transaction');
  END IF;
  SELECT
    array_agg(cell.module) AS modules, array_agg(cell.entity) AS entities, array_agg(cell.field) AS fields,
    array_agg(cell.period) AS periods, array_agg(cell.number) AS numbers, array_agg(cell.text) AS texts
  INTO v_cells
  -- In the order in which COPY wrote them.
  FROM (SELECT staged.* FROM pg_temp.cell_staging AS staged ORDER BY staged.ctid) AS cell;
  IF v_cells.modules IS NULL THEN
    PERFORM efir_budget.refuse_argument('cell_staging', to_jsonb(0), 'a table with cells');
  END IF;
  RETURN efir_budget.merge_cells(
    p_budget_version_id, v_cells.modules, v_cells.entities, v_cells.fields, v_cells.periods, v_cells.numbers, v_cells.texts,
    p_rule, p_operation_id, p_session_id, p_session_label
  );
END
$$;

COMMENT ON FUNCTION efir_budget.import_staged_cells IS
'Imports what COPY wrote to the table of stage_cells, in the same transaction. service_role and owner only.';

REVOKE ALL ON FUNCTION efir_budget.merge_again FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.merge_cells FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.import_cells FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.stage_cells FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.import_staged_cells FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION efir_budget.import_cells TO authenticated, service_role;
GRANT EXECUTE ON FUNCTION efir_budget.stage_cells TO service_role;
GRANT EXECUTE ON FUNCTION efir_budget.import_staged_cells TO service_role;

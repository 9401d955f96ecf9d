-- 016_read_cells: reading by reference and by filter, each in one JSON value and one snapshot (STABLE), with the
-- revision that this snapshot is of.

-- The one place that says what a cell looks like on the wire (docs/reference/wire.md).
CREATE VIEW efir_budget.cell_tuples WITH (security_invoker = true) AS
SELECT
  cell.id,
  cell.budget_version_id,
  cell.module_code,
  cell.entity_id,
  cell.field_name,
  cell.period_code,
  cell.is_locked,
  cell.modified_by,
  jsonb_build_array(
    cell.id, cell.module_code, cell.entity_id, cell.field_name, cell.period_code,
    trim_scale(cell.value_numeric)::text, cell.value_text, cell.value_type,
    cell.is_locked, cell.lock_reason, cell.version, cell.modified_by, cell.modified_at
  ) AS tuple
FROM efir_budget.planning_cells AS cell
WHERE cell.deleted_at IS NULL;

COMMENT ON VIEW efir_budget.cell_tuples IS 'Cells that are not deleted, as the wire knows them. Internal.';
REVOKE ALL ON efir_budget.cell_tuples FROM PUBLIC, anon, authenticated, service_role;

CREATE FUNCTION efir_budget.refuse_argument(p_field text, p_given jsonb, p_allowed text) RETURNS void
LANGUAGE plpgsql
IMMUTABLE
SET search_path = ''
AS $$
BEGIN
  RAISE EXCEPTION '% is not acceptable: it must be %.', p_field, p_allowed
    USING ERRCODE = 'PT422',
    DETAIL = jsonb_build_object('field', p_field, 'given', p_given, 'allowed', p_allowed)::text,
    HINT = 'See "Refusals" in docs/reference/wire.md.';
END
$$;

COMMENT ON FUNCTION efir_budget.refuse_argument IS 'Raises PT422 for an argument of a call. Internal.';

CREATE FUNCTION efir_budget.current_revision(p_budget_version_id uuid) RETURNS bigint
LANGUAGE plpgsql
STABLE
SET search_path = ''
SET enable_seqscan = off
AS $$
BEGIN
  RETURN coalesce(
    (SELECT counter.revision FROM efir_budget.budget_revisions AS counter WHERE counter.budget_version_id = p_budget_version_id),
    0
  );
END
$$;

COMMENT ON FUNCTION efir_budget.current_revision IS 'The revision that this snapshot is of. Internal.';

CREATE FUNCTION efir_budget.read_cells(p_budget_version_id uuid, p_references jsonb) RETURNS jsonb
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = ''
-- One index lookup per reference is linear at any size; the planner, who cannot know how many will come or how
-- the table will have grown when it uses the plan again, is not left a choice.
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
SET enable_material = off
SET jit = off
AS $$
DECLARE
  c_mask CONSTANT text := '________-____-____-____-____________';
  v_cells jsonb;
BEGIN
  PERFORM efir_budget.require_budget(p_budget_version_id);
  IF p_references IS NULL OR jsonb_typeof(p_references) <> 'array' OR jsonb_array_length(p_references) > 10000 THEN
    PERFORM efir_budget.refuse_argument('p_references', to_jsonb(jsonb_typeof(p_references)), 'an array of at most 10000 keys and ids');
  END IF;

  WITH given AS MATERIALIZED (
    SELECT
      reference.n,
      CASE jsonb_typeof(reference.value) WHEN 'string' THEN reference.value #>> '{}' WHEN 'array' THEN reference.value ->> 1 END AS uuid,
      CASE WHEN jsonb_typeof(reference.value) = 'array' THEN reference.value END AS key
    FROM jsonb_array_elements(p_references) WITH ORDINALITY AS reference (value, n)
  ),
  -- What cannot be the name of a cell names none.
  checked AS MATERIALIZED (
    SELECT
      given.n,
      given.key,
      CASE
        WHEN given.uuid LIKE c_mask AND replace(given.uuid, '-', '') ~ '^[0-9a-fA-F]+$' AND octet_length(replace(given.uuid, '-', '')) = 32
          THEN given.uuid::uuid
      END AS uuid,
      given.uuid IS NULL AS no_uuid
    FROM given
  ),
  wanted AS MATERIALIZED (
    SELECT
      checked.n,
      CASE WHEN checked.key IS NULL THEN checked.uuid END AS id,
      checked.key ->> 0 AS module,
      checked.uuid AS entity,
      checked.key ->> 2 AS field,
      checked.key ->> 3 AS period,
      CASE WHEN checked.key IS NOT NULL AND (checked.no_uuid OR checked.uuid IS NOT NULL) THEN
        (hashtext(p_budget_version_id::text || '/' || (checked.key ->> 0) || '/' || coalesce(checked.uuid::text, ''))::bigint << 32)
        | (hashtext((checked.key ->> 2) || '/' || coalesce(checked.key ->> 3, ''))::bigint & 4294967295)
      END AS hash
    FROM checked
  )
  SELECT jsonb_agg(coalesce(by_id.tuple, by_key.tuple) ORDER BY wanted.n) INTO v_cells
  FROM wanted
  -- The id, and the hash that idx_cells_lookup holds, are the only conditions here that an index can serve: offered
  -- a budget to begin with, a plan made while the table was empty walks all of it for every reference.
  LEFT JOIN efir_budget.cell_tuples AS by_id
    ON by_id.id = wanted.id AND by_id.budget_version_id IS NOT DISTINCT FROM p_budget_version_id
  LEFT JOIN efir_budget.cell_tuples AS by_key
    ON (hashtext(by_key.budget_version_id::text || '/' || by_key.module_code || '/' || coalesce(by_key.entity_id::text, ''))::bigint << 32)
    | (hashtext(by_key.field_name || '/' || coalesce(by_key.period_code, ''))::bigint & 4294967295)
    = wanted.hash
    AND by_key.budget_version_id IS NOT DISTINCT FROM p_budget_version_id
    AND by_key.module_code IS NOT DISTINCT FROM wanted.module
    AND by_key.entity_id IS NOT DISTINCT FROM wanted.entity
    AND by_key.field_name IS NOT DISTINCT FROM wanted.field
    AND by_key.period_code IS NOT DISTINCT FROM wanted.period;

  RETURN jsonb_build_object(
    'revision', efir_budget.current_revision(p_budget_version_id), 'cells', coalesce(v_cells, '[]')
  );
END
$$;

COMMENT ON FUNCTION efir_budget.read_cells IS
'The cells that the references (ids, or keys [module, entity, field, period]) name, in their order; null where there is none.';

-- A member of a filter as the texts that it allows, and whether it allows NULL.
CREATE FUNCTION efir_budget.filter_member(p_filter jsonb, p_member text, OUT texts text[], OUT with_null boolean)
LANGUAGE plpgsql
IMMUTABLE
SET search_path = ''
AS $$
DECLARE
  v_given jsonb := p_filter -> p_member;
BEGIN
  IF jsonb_typeof(v_given) <> 'array' THEN
    v_given := jsonb_build_array(v_given);
  END IF;
  IF jsonb_array_length(v_given) > 10000 OR jsonb_path_exists(v_given, '$[*] ? (@.type() != "string" && @.type() != "null")') THEN
    PERFORM efir_budget.refuse_argument('p_filter.' || p_member, p_filter -> p_member, 'a text, null, or an array of at most 10000');
  END IF;
  SELECT coalesce(array_agg(given.value) FILTER (WHERE given.value IS NOT NULL), '{}'), coalesce(bool_or(given.value IS NULL), false)
  INTO texts, with_null
  FROM jsonb_array_elements_text(v_given) AS given (value);
END
$$;

COMMENT ON FUNCTION efir_budget.filter_member IS 'Takes one member of a filter apart. Internal.';

-- Each member is ANDed, as text for a query over planning_cells AS cell.
CREATE FUNCTION efir_budget.filter_condition(p_filter jsonb) RETURNS text
LANGUAGE plpgsql
IMMUTABLE
SET search_path = ''
AS $$
DECLARE
  v_member text;
  v_texts text[];
  v_with_null boolean;
  v_where text := '';
  v_column text;
BEGIN
  IF jsonb_typeof(coalesce(p_filter, '{}')) <> 'object' THEN
    PERFORM efir_budget.refuse_argument('p_filter', p_filter, 'an object');
  END IF;

  FOR v_member IN SELECT jsonb_object_keys(p_filter) LOOP
    CASE v_member
      WHEN 'module', 'entity', 'field', 'period', 'modifiedBy' THEN
        SELECT member.texts, member.with_null INTO v_texts, v_with_null
        FROM efir_budget.filter_member(p_filter, v_member) AS member;
        IF v_member IN ('entity', 'modifiedBy') AND EXISTS (
          SELECT FROM unnest(v_texts) AS given (value)
          WHERE given.value !~* '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$'
        ) THEN
          PERFORM efir_budget.refuse_argument('p_filter.' || v_member, p_filter -> v_member, 'a uuid, or uuids');
        END IF;
        v_column := CASE v_member
          WHEN 'module' THEN 'module_code'
          WHEN 'entity' THEN 'entity_id'
          WHEN 'field' THEN 'field_name'
          WHEN 'period' THEN 'period_code'
          ELSE 'modified_by'
        END;
        -- Literals and not parameters, so that the planner sees what is asked for and how much of it there is.
        v_where := v_where || CASE
          WHEN v_with_null AND cardinality(v_texts) = 0 THEN format(' AND cell.%I IS NULL', v_column)
          WHEN v_with_null THEN format(' AND (cell.%1$I IS NULL OR cell.%1$I = ANY(%2$L))', v_column, v_texts)
          WHEN cardinality(v_texts) = 1 THEN format(' AND cell.%I = %L', v_column, v_texts[1])
          ELSE format(' AND cell.%I = ANY(%L)', v_column, v_texts)
        END;
      WHEN 'locked' THEN
        IF jsonb_typeof(p_filter -> 'locked') <> 'boolean' THEN
          PERFORM efir_budget.refuse_argument('p_filter.locked', p_filter -> 'locked', 'true or false');
        END IF;
        v_where := v_where || CASE WHEN (p_filter -> 'locked')::boolean THEN ' AND cell.is_locked' ELSE ' AND NOT cell.is_locked' END;
      ELSE
        -- A misspelt member that was passed over would answer with everything.
        PERFORM efir_budget.refuse_argument('p_filter', to_jsonb(v_member), 'an object of module, entity, field, period, locked, modifiedBy');
    END CASE;
  END LOOP;
  RETURN v_where;
END
$$;

COMMENT ON FUNCTION efir_budget.filter_condition IS 'A filter as the condition " AND …" on planning_cells AS cell. Internal.';

CREATE FUNCTION efir_budget.list_cells(
  p_budget_version_id uuid,
  p_filter jsonb DEFAULT '{}',
  p_after uuid DEFAULT NULL,
  p_limit integer DEFAULT 1000
) RETURNS jsonb
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = ''
AS $$
DECLARE
  v_where text;
  v_cells jsonb;
  v_count integer;
  v_last uuid;
BEGIN
  PERFORM efir_budget.require_budget(p_budget_version_id);
  IF p_limit IS NULL OR p_limit NOT BETWEEN 1 AND 10000 THEN
    PERFORM efir_budget.refuse_argument('p_limit', to_jsonb(p_limit), '1 to 10000');
  END IF;
  v_where := efir_budget.filter_condition(p_filter);
  IF p_after IS NOT NULL THEN
    v_where := v_where || format(' AND cell.id > %L', p_after);
  END IF;

  -- One more than asked for tells whether there are more.
  EXECUTE format(
    $query$
      SELECT jsonb_agg(numbered.tuple ORDER BY numbered.n) FILTER (WHERE numbered.n <= $1),
        count(*), max(numbered.id::text) FILTER (WHERE numbered.n = $1)
      FROM (
        SELECT page.id, page.tuple, row_number() OVER (ORDER BY page.id) AS n
        FROM (
          SELECT cell.id, cell.tuple FROM efir_budget.cell_tuples AS cell
          WHERE cell.budget_version_id = %L %s
          ORDER BY cell.id
          LIMIT %s
        ) AS page
      ) AS numbered
    $query$,
    p_budget_version_id, v_where, p_limit + 1
  ) INTO v_cells, v_count, v_last USING p_limit;

  RETURN jsonb_build_object(
    'revision', efir_budget.current_revision(p_budget_version_id),
    'cells', coalesce(v_cells, '[]'),
    'next', CASE WHEN v_count > p_limit THEN v_last END
  );
END
$$;

COMMENT ON FUNCTION efir_budget.list_cells IS 'Cells of a budget in id order, filtered and paged by the id of the last one.';

REVOKE ALL ON FUNCTION efir_budget.refuse_argument FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.current_revision FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.filter_member FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.filter_condition FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.read_cells FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.list_cells FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION efir_budget.read_cells, efir_budget.list_cells TO authenticated, service_role;

-- 018_write_items: the items of a write call: checked, found, and told why they cannot be written.

-- A place for leases, which come with 025: until then there are none, and a token means nothing.
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

COMMENT ON FUNCTION efir_budget.hold_leases IS 'Marks the items whose lease is lost. Internal.';

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
      CASE WHEN checked.problem IS NULL AND checked.id IS NULL THEN
        (hashtext(p_budget_version_id::text || '/' || checked.module || '/' || coalesce(lower(checked.entity), ''))::bigint << 32)
        | (hashtext(checked.field || '/' || coalesce(checked.period, ''))::bigint & 4294967295)
      END AS hash,
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
      ON (hashtext(by_key.budget_version_id::text || '/' || by_key.module_code || '/' || coalesce(by_key.entity_id::text, ''))::bigint << 32)
      | (hashtext(by_key.field_name || '/' || coalesce(by_key.period_code, ''))::bigint & 4294967295)
      = typed.hash
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

REVOKE ALL ON FUNCTION efir_budget.hold_leases FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.parse_items FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.sort_items FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.explain_refusals FROM PUBLIC, anon, authenticated, service_role;

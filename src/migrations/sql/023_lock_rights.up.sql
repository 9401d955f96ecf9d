-- 023_lock_rights: the one function that says who may lock and unlock, asked whichever way a lock is changed.

-- The references of a call as checked items: what names a cell here is what names it in a write.
CREATE FUNCTION efir_budget.resolve_references(
  p_budget_version_id uuid, p_references jsonb, p_most integer
) RETURNS efir_budget.write_item[]
LANGUAGE plpgsql
SET search_path = ''
AS $$
DECLARE
  v_items jsonb;
BEGIN
  IF p_references IS NULL OR jsonb_typeof(p_references) <> 'array' OR jsonb_array_length(p_references) NOT BETWEEN 1 AND p_most THEN
    PERFORM efir_budget.refuse_argument(
      'p_references', to_jsonb(jsonb_typeof(p_references)), format('an array of 1 to %s keys and ids', p_most)
    );
  END IF;
  SELECT jsonb_agg(
    CASE jsonb_typeof(reference.value)
      WHEN 'string' THEN jsonb_build_object('id', reference.value)
      WHEN 'array' THEN jsonb_build_object(
        'module', reference.value -> 0, 'entity', reference.value -> 1, 'field', reference.value -> 2, 'period', reference.value -> 3
      )
      ELSE '{}'
    END
    ORDER BY reference.n
  ) INTO v_items
  FROM jsonb_array_elements(p_references) WITH ORDINALITY AS reference (value, n);
  RETURN efir_budget.parse_items(p_budget_version_id, v_items, NULL);
END
$$;

COMMENT ON FUNCTION efir_budget.resolve_references IS
'References (ids, or keys [module, entity, field, period]) as items; a key of no cell has no id. Internal.';

-- No migration after this one defines it again (a test sees to that), so a host's own stays. It is given the cells as
-- they are before the change: afterwards nobody could tell who had locked them.
CREATE FUNCTION efir_budget.may_change_lock(
  p_budget_version_id uuid, p_cells efir_budget.planning_cells[], p_action text
) RETURNS SETOF uuid
LANGUAGE sql
STABLE
SET search_path = ''
AS $$
  SELECT cell.id FROM unnest(p_cells) AS cell
$$;

COMMENT ON FUNCTION efir_budget.may_change_lock IS
'Yours to replace (CREATE OR REPLACE): the ids of those of the cells that the caller, auth.uid(), may "lock" or "unlock"
(p_action). As delivered: all, for every member of the organisation, which is checked before. Runs with the owner''s rights.';

-- Another reason for a lock is a lock taken and a lock set. p_items: for the places of the cells in the call.
CREATE FUNCTION efir_budget.require_lock_right(
  p_budget_version_id uuid, p_locked efir_budget.planning_cells[], p_unlocked efir_budget.planning_cells[],
  p_items efir_budget.write_item[]
) RETURNS void
LANGUAGE plpgsql
SET search_path = ''
AS $$
DECLARE
  v_barred uuid[];
  v_action text := CASE cardinality(p_locked) WHEN 0 THEN 'unlock' ELSE 'lock' END;
  v_results jsonb;
BEGIN
  SELECT array_agg(barred.id) INTO v_barred
  FROM (
    (
      SELECT cell.id FROM unnest(p_locked) AS cell
      EXCEPT
      SELECT allowed.id FROM efir_budget.may_change_lock(p_budget_version_id, p_locked, 'lock') AS allowed (id)
      WHERE cardinality(p_locked) > 0
    )
    UNION
    (
      SELECT cell.id FROM unnest(p_unlocked) AS cell
      EXCEPT
      SELECT allowed.id FROM efir_budget.may_change_lock(p_budget_version_id, p_unlocked, 'unlock') AS allowed (id)
      WHERE cardinality(p_unlocked) > 0
    )
  ) AS barred;
  IF v_barred IS NULL THEN
    RETURN;
  END IF;

  SELECT jsonb_agg(jsonb_build_array(item.n, 'forbidden', format('The cell is not yours to %s.', v_action)) ORDER BY item.n)
  INTO v_results
  FROM unnest(p_items) AS item
  WHERE item.id = ANY(v_barred);
  RAISE EXCEPTION 'Nothing was done: % of the cells are not yours to %.', cardinality(v_barred), v_action
    USING ERRCODE = 'PT403',
    DETAIL = CASE WHEN v_results IS NULL THEN '{}' ELSE jsonb_build_object('results', v_results)::text END,
    HINT = 'The function may_change_lock of this database decides it.';
END
$$;

COMMENT ON FUNCTION efir_budget.require_lock_right IS 'Refuses (PT403) unless may_change_lock allows all of it. Internal.';

-- What is written past the functions is held to the same answer.
CREATE FUNCTION efir_budget.check_lock_changes() RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = ''
SET enable_hashjoin = on
SET enable_nestloop = off
SET jit = off
AS $$
DECLARE
  v_budget uuid;
  v_locked efir_budget.planning_cells[];
  v_unlocked efir_budget.planning_cells[];
BEGIN
  IF TG_OP = 'INSERT' THEN
    FOR v_budget, v_locked IN
      SELECT cell.budget_version_id, array_agg(cell::efir_budget.planning_cells)
      FROM new_rows AS cell
      WHERE cell.is_locked
      GROUP BY cell.budget_version_id
    LOOP
      PERFORM efir_budget.require_lock_right(v_budget, v_locked, '{}', NULL);
    END LOOP;
    RETURN NULL;
  END IF;

  FOR v_budget, v_locked, v_unlocked IN
    SELECT
      cell.budget_version_id,
      coalesce(array_agg(before::efir_budget.planning_cells) FILTER (WHERE cell.is_locked), '{}'),
      coalesce(array_agg(before::efir_budget.planning_cells) FILTER (WHERE before.is_locked), '{}')
    FROM new_rows AS cell
    INNER JOIN old_rows AS before ON before.id = cell.id
    WHERE (cell.is_locked, cell.lock_reason) IS DISTINCT FROM (before.is_locked, before.lock_reason)
    GROUP BY cell.budget_version_id
  LOOP
    PERFORM efir_budget.require_lock_right(v_budget, v_locked, v_unlocked, NULL);
  END LOOP;
  RETURN NULL;
END
$$;

COMMENT ON FUNCTION efir_budget.check_lock_changes IS 'Asks may_change_lock about locks that are set or taken past the functions.';

-- The owner's functions ask for themselves.
CREATE TRIGGER cells_lock_inserts AFTER INSERT ON efir_budget.planning_cells
REFERENCING NEW TABLE AS new_rows
FOR EACH STATEMENT
WHEN (NOT pg_catalog.has_type_privilege('efir_budget.engine'::regtype, 'USAGE'))
EXECUTE FUNCTION efir_budget.check_lock_changes();
CREATE TRIGGER cells_lock_updates AFTER UPDATE ON efir_budget.planning_cells
REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
FOR EACH STATEMENT
WHEN (NOT pg_catalog.has_type_privilege('efir_budget.engine'::regtype, 'USAGE'))
EXECUTE FUNCTION efir_budget.check_lock_changes();

COMMENT ON TRIGGER cells_lock_inserts ON efir_budget.planning_cells IS 'See check_lock_changes.';
COMMENT ON TRIGGER cells_lock_updates ON efir_budget.planning_cells IS 'See check_lock_changes.';

REVOKE ALL ON FUNCTION efir_budget.resolve_references FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.may_change_lock FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.require_lock_right FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.check_lock_changes FROM PUBLIC, anon, authenticated, service_role;

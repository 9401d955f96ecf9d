-- 036_comment_broadcast: tells those who have a budget open that comments changed, and on which cells. No text: who may
-- read it, reads it.

CREATE FUNCTION efir_budget.tell_comments() RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = ''
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
SET jit = off
AS $$
DECLARE
  -- Each subscriber is sent all of them. Of more than these only "something".
  c_most_cells CONSTANT integer := 200;
  v_budget record;
BEGIN
  IF to_regprocedure('realtime.send(jsonb,text,text,boolean)') IS NULL THEN
    RETURN NULL;
  END IF;
  FOR v_budget IN
    SELECT comment.budget_version_id AS id, array_agg(DISTINCT comment.cell_id) AS cells
    FROM new_rows AS comment
    -- An update that nobody can see leaves updated_at as some statement before this one set it.
    WHERE comment.updated_at >= statement_timestamp() OR TG_OP = 'INSERT'
    GROUP BY comment.budget_version_id
    ORDER BY comment.budget_version_id
  LOOP
    BEGIN
      PERFORM realtime.send(
        jsonb_build_object('cells', CASE WHEN cardinality(v_budget.cells) <= c_most_cells THEN (
          SELECT jsonb_agg(named.key ORDER BY named.key)
          FROM efir_budget.planning_cells AS cell
          CROSS JOIN LATERAL (
            SELECT jsonb_build_array(cell.module_code, cell.entity_id, cell.field_name, cell.period_code) AS key
          ) AS named
          WHERE cell.id = ANY(v_budget.cells)
        ) END),
        'comments', 'cells:' || v_budget.id::text, TRUE
      );
    EXCEPTION
      WHEN OTHERS THEN
        -- The comment is written; who was not told reads it later.
        RAISE WARNING 'Comments of budget % were not broadcast: %', v_budget.id, SQLERRM;
    END;
  END LOOP;
  RETURN NULL;
END
$$;

COMMENT ON FUNCTION efir_budget.tell_comments IS
'Broadcasts on which cells comments changed, one message for a statement and budget, where Realtime is there.';

CREATE TRIGGER comments_insert_told AFTER INSERT ON efir_budget.cell_comments
REFERENCING NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION efir_budget.tell_comments();
CREATE TRIGGER comments_update_told AFTER UPDATE ON efir_budget.cell_comments
REFERENCING NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION efir_budget.tell_comments();

COMMENT ON TRIGGER comments_insert_told ON efir_budget.cell_comments IS 'See tell_comments.';
COMMENT ON TRIGGER comments_update_told ON efir_budget.cell_comments IS 'See tell_comments.';

REVOKE ALL ON FUNCTION efir_budget.tell_comments FROM PUBLIC, anon, authenticated, service_role;

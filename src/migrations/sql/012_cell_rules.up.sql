-- 012_cell_rules: the rules that hold whoever writes and by whichever way. The functions of the API sign their rows, to say
-- that lock, base, author and what is shown are settled: by giving effective_version, which is theirs alone to give; or,
-- where that stays, by a version of -2147483648. A signature counts only from who may use the type engine.

-- A user's stack of steps: those who add to it share it, undo and redo have it alone, so that they see whole steps and
-- commit ids tell what came before what (docs/reference/undo.md). Users never wait for one another here. It is taken
-- before any cell and before the commit id is drawn.
CREATE FUNCTION efir_budget.hold_stack(p_actor uuid, p_alone boolean) RETURNS void
LANGUAGE plpgsql
SET search_path = ''
AS $$
BEGIN
  IF p_alone THEN
    PERFORM pg_advisory_xact_lock(hashtextextended('efir_budget.stack:' || p_actor::text, 0));
  ELSIF p_actor IS NOT NULL THEN
    PERFORM pg_advisory_xact_lock_shared(hashtextextended('efir_budget.stack:' || p_actor::text, 0));
  END IF;
END
$$;

COMMENT ON FUNCTION efir_budget.hold_stack IS 'Holds a user''s undo stack until the end of the transaction. Internal.';

-- For writes past the functions; those take it themselves, in its place in their order of locks.
CREATE FUNCTION efir_budget.share_stack() RETURNS trigger
LANGUAGE plpgsql
SET search_path = ''
AS $$
BEGIN
  PERFORM pg_advisory_xact_lock_shared(hashtextextended('efir_budget.stack:' || auth.uid()::text, 0));
  RETURN NULL;
END
$$;

COMMENT ON FUNCTION efir_budget.share_stack IS 'Holds the stack of the user who writes to the table.';

CREATE FUNCTION efir_budget.keep_insert_rules() RETURNS trigger
LANGUAGE plpgsql
SET search_path = ''
AS $$
BEGIN
  IF NEW.value_numeric IS NOT NULL AND NEW.value_text IS NOT NULL THEN
    RAISE EXCEPTION 'A cell holds a number or a text, not both.' USING ERRCODE = 'PT422', DETAIL = '{"field":"value_text"}';
  END IF;
  -- The version is left alone here: in an upsert this row may yet become an update, whose rules read it.
  NEW.effective_version := 1;
  NEW.effective_author := CASE WHEN NEW.value_type <> 'calculated' THEN auth.uid() END;
  NEW.modified_by := coalesce(auth.uid(), NEW.modified_by);
  NEW.modified_at := clock_timestamp();
  NEW.created_at := NEW.modified_at;
  NEW.deleted_at := NULL;
  RETURN NEW;
END
$$;

COMMENT ON FUNCTION efir_budget.keep_insert_rules IS 'Author and time of a new cell are the database''s to set.';

CREATE FUNCTION efir_budget.keep_update_rules() RETURNS trigger
LANGUAGE plpgsql
SET search_path = ''
AS $$
DECLARE
  v_new_value boolean;
  v_new_life boolean;
  v_new_lock boolean;
BEGIN
  IF NEW.version = -2147483648 AND pg_catalog.has_type_privilege('efir_budget.engine'::regtype, 'USAGE') THEN
    NEW.version := OLD.version + 1;
    RETURN NEW;
  END IF;

  IF (NEW.id, NEW.budget_version_id, NEW.module_code, NEW.entity_id, NEW.field_name, NEW.period_code)
    IS DISTINCT FROM (OLD.id, OLD.budget_version_id, OLD.module_code, OLD.entity_id, OLD.field_name, OLD.period_code)
  THEN
    RAISE EXCEPTION 'The key of a cell does not change.'
      USING ERRCODE = 'PT422', DETAIL = '{"field":"key"}', HINT = 'Write another cell, and delete this one.';
  END IF;

  -- Absent from the update it is OLD's; a client that counts for itself gives one more.
  IF NEW.version NOT IN (OLD.version, OLD.version + 1) THEN
    RAISE EXCEPTION 'The cell is at version %, so it cannot be given version %.', OLD.version, NEW.version
      USING ERRCODE = 'PT409',
      DETAIL = json_build_object('id', OLD.id, 'version', OLD.version, 'given', NEW.version)::text,
      HINT = 'Read the cell again. The version moves by exactly one; leave it out to have it moved for you.';
  END IF;

  -- Whoever sets only the number of a text cell means the number, and the other way round.
  IF NEW.value_numeric IS NOT NULL AND NEW.value_text IS NOT NULL THEN
    IF NEW.value_text IS NOT DISTINCT FROM OLD.value_text THEN
      NEW.value_text := NULL;
    ELSIF NEW.value_numeric IS NOT DISTINCT FROM OLD.value_numeric THEN
      NEW.value_numeric := NULL;
    ELSE
      RAISE EXCEPTION 'A cell holds a number or a text, not both.' USING ERRCODE = 'PT422', DETAIL = '{"field":"value_text"}';
    END IF;
  END IF;

  -- A value for a deleted cell brings it back.
  IF OLD.deleted_at IS NOT NULL AND (NEW.value_numeric IS NOT NULL OR NEW.value_text IS NOT NULL) THEN
    NEW.deleted_at := NULL;
  ELSIF NEW.deleted_at IS NOT NULL THEN
    NEW.deleted_at := coalesce(OLD.deleted_at, clock_timestamp());
    NEW.value_numeric := NULL;
    NEW.value_text := NULL;
  END IF;
  IF NOT NEW.is_locked THEN
    NEW.lock_reason := NULL;
  END IF;

  v_new_value := (NEW.value_numeric, NEW.value_text, NEW.value_type)
    IS DISTINCT FROM (OLD.value_numeric, OLD.value_text, OLD.value_type);
  v_new_life := (NEW.deleted_at IS NULL) <> (OLD.deleted_at IS NULL);
  v_new_lock := (NEW.is_locked, NEW.lock_reason) IS DISTINCT FROM (OLD.is_locked, OLD.lock_reason);

  IF OLD.is_locked AND (v_new_value OR v_new_life) THEN
    RAISE EXCEPTION 'The cell is locked%.', coalesce(': ' || OLD.lock_reason, '')
      USING ERRCODE = 'PT423',
      DETAIL = json_build_object('id', OLD.id, 'version', OLD.version, 'reason', OLD.lock_reason)::text,
      HINT = 'Unlock it first, in an update of its own.';
  END IF;
  IF NEW.deleted_at IS NOT NULL AND NEW.is_locked THEN
    RAISE EXCEPTION 'A deleted cell cannot be locked.'
      USING ERRCODE = 'PT404', DETAIL = json_build_object('id', OLD.id)::text, HINT = 'Write to it first: that brings it back.';
  END IF;

  IF NOT (v_new_value OR v_new_life OR v_new_lock) THEN
    -- No change of the cell. Columns that the application has added are its own, so the row still goes through.
    NEW.version := OLD.version;
    NEW.effective_version := OLD.effective_version;
    NEW.effective_author := OLD.effective_author;
    NEW.created_at := OLD.created_at;
    NEW.modified_at := OLD.modified_at;
    NEW.deleted_at := OLD.deleted_at;
    NEW.modified_by := OLD.modified_by;
    RETURN NEW;
  END IF;

  NEW.version := OLD.version + 1;
  NEW.effective_version := CASE WHEN v_new_value OR v_new_life THEN NEW.version ELSE OLD.effective_version END;
  NEW.effective_author := CASE
    WHEN NOT (v_new_value OR v_new_life) THEN OLD.effective_author
    WHEN NEW.value_type <> 'calculated' THEN auth.uid()
  END;
  NEW.created_at := OLD.created_at;
  NEW.modified_at := clock_timestamp();
  -- Without a signed-in user the author is who the program says, and never who was there before.
  NEW.modified_by := coalesce(auth.uid(), nullif(NEW.modified_by, OLD.modified_by));
  RETURN NEW;
END
$$;

COMMENT ON FUNCTION efir_budget.keep_update_rules IS
'The version moves by one, author and time are the database''s to set, locked cells refuse, nothing new is no change.';

CREATE FUNCTION efir_budget.refuse_delete() RETURNS trigger
LANGUAGE plpgsql
SET search_path = ''
AS $$
BEGIN
  RAISE EXCEPTION 'Planning cells are not removed from the table.'
    USING ERRCODE = 'PT403', DETAIL = '{}',
    HINT = 'Delete a cell with write_cells and { "delete": true }: it keeps its history, and undo brings it back.';
END
$$;

COMMENT ON FUNCTION efir_budget.refuse_delete IS 'Rows leave the table only together with their budget.';

CREATE FUNCTION efir_budget.refuse_log_writes() RETURNS trigger
LANGUAGE plpgsql
SET search_path = ''
AS $$
BEGIN
  RAISE EXCEPTION 'The record of changes is written by the database alone and never changed.'
    USING ERRCODE = 'PT403', DETAIL = '{}', HINT = 'Write to planning_cells: the record follows by itself.';
END
$$;

COMMENT ON FUNCTION efir_budget.refuse_log_writes IS
'Guards the log against every role but the owner, whatever has been granted.';

-- Who may use the type engine is passed by in the triggers' conditions, which cost next to nothing; to call a function
-- for that eight times in each write cost 50 µs. So are cascades from a budget: they run with the rights of the owner.
CREATE TRIGGER cells_share_stack BEFORE INSERT OR UPDATE ON efir_budget.planning_cells
FOR EACH STATEMENT WHEN (NOT pg_catalog.has_type_privilege('efir_budget.engine'::regtype, 'USAGE'))
EXECUTE FUNCTION efir_budget.share_stack();
-- Likewise signed rows: a call for each was a twelfth of the cost of a new cell, and a ninth of that of a changed one.
CREATE TRIGGER cells_insert_rules BEFORE INSERT ON efir_budget.planning_cells
FOR EACH ROW WHEN (
  NEW.effective_version IS NULL OR NOT pg_catalog.has_type_privilege('efir_budget.engine'::regtype, 'USAGE')
)
EXECUTE FUNCTION efir_budget.keep_insert_rules();
CREATE TRIGGER cells_update_rules BEFORE UPDATE ON efir_budget.planning_cells
FOR EACH ROW WHEN (
  NEW.effective_version IS NOT DISTINCT FROM OLD.effective_version OR NEW.version <> OLD.version + 1
  OR NOT pg_catalog.has_type_privilege('efir_budget.engine'::regtype, 'USAGE')
)
EXECUTE FUNCTION efir_budget.keep_update_rules();
CREATE TRIGGER cells_delete_rules BEFORE DELETE OR TRUNCATE ON efir_budget.planning_cells
FOR EACH STATEMENT WHEN (NOT pg_catalog.has_type_privilege('efir_budget.engine'::regtype, 'USAGE'))
EXECUTE FUNCTION efir_budget.refuse_delete();

CREATE TRIGGER changes_guard BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON efir_budget.cell_changes
FOR EACH STATEMENT WHEN (NOT pg_catalog.has_type_privilege('efir_budget.engine'::regtype, 'USAGE'))
EXECUTE FUNCTION efir_budget.refuse_log_writes();
CREATE TRIGGER commits_guard BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON efir_budget.cell_commits
FOR EACH STATEMENT WHEN (NOT pg_catalog.has_type_privilege('efir_budget.engine'::regtype, 'USAGE'))
EXECUTE FUNCTION efir_budget.refuse_log_writes();
CREATE TRIGGER sessions_guard BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON efir_budget.cell_sessions
FOR EACH STATEMENT WHEN (NOT pg_catalog.has_type_privilege('efir_budget.engine'::regtype, 'USAGE'))
EXECUTE FUNCTION efir_budget.refuse_log_writes();
CREATE TRIGGER revisions_guard BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON efir_budget.budget_revisions
FOR EACH STATEMENT WHEN (NOT pg_catalog.has_type_privilege('efir_budget.engine'::regtype, 'USAGE'))
EXECUTE FUNCTION efir_budget.refuse_log_writes();

COMMENT ON TRIGGER cells_share_stack ON efir_budget.planning_cells IS 'See share_stack.';
COMMENT ON TRIGGER cells_insert_rules ON efir_budget.planning_cells IS 'See keep_insert_rules.';
COMMENT ON TRIGGER cells_update_rules ON efir_budget.planning_cells IS 'See keep_update_rules.';
COMMENT ON TRIGGER cells_delete_rules ON efir_budget.planning_cells IS 'See refuse_delete.';
COMMENT ON TRIGGER changes_guard ON efir_budget.cell_changes IS 'Append-only, and by the engine alone.';
COMMENT ON TRIGGER commits_guard ON efir_budget.cell_commits IS 'By the engine alone.';
COMMENT ON TRIGGER sessions_guard ON efir_budget.cell_sessions IS 'By the engine alone.';
COMMENT ON TRIGGER revisions_guard ON efir_budget.budget_revisions IS 'By the engine alone.';

REVOKE ALL ON FUNCTION efir_budget.hold_stack FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.share_stack FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.keep_insert_rules FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.keep_update_rules FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.refuse_delete FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.refuse_log_writes FROM PUBLIC, anon, authenticated, service_role;

-- 027_comments: threads, mentions, resolving and reading, and the rules that hold whoever writes a comment and by
-- whichever way: the calls of 028, or the table itself as applications have done since 009.

ALTER TABLE efir_budget.cell_comments
ADD COLUMN budget_version_id uuid,
ADD COLUMN parent_id uuid REFERENCES efir_budget.cell_comments (id) ON DELETE CASCADE,
ADD COLUMN mentions uuid[] NOT NULL DEFAULT '{}',
ADD COLUMN resolved_by uuid,
ADD COLUMN resolved_at timestamptz,
ADD COLUMN reopened_by uuid,
ADD COLUMN reopened_at timestamptz,
ADD COLUMN edited_at timestamptz,
ADD COLUMN deleted_at timestamptz;

UPDATE efir_budget.cell_comments AS comment
SET budget_version_id = cell.budget_version_id
FROM efir_budget.planning_cells AS cell
WHERE cell.id = comment.cell_id;

ALTER TABLE efir_budget.cell_comments ALTER COLUMN budget_version_id SET NOT NULL;

-- A comment is in its cell's budget, so whoever sees the one sees the other; the cell need not be looked up for it.
ALTER POLICY cell_comments_org_isolation ON efir_budget.cell_comments
USING (budget_version_id IN (SELECT efir_budget.my_budgets()));

COMMENT ON COLUMN efir_budget.cell_comments.budget_version_id IS
'The cell''s, set by the database, so that a subscription can be to the comments of one budget.';
COMMENT ON COLUMN efir_budget.cell_comments.parent_id IS 'The comment that began the thread; NULL for that one itself. One level.';
COMMENT ON COLUMN efir_budget.cell_comments.mentions IS 'The users it calls on: members of the organisation when it was written.';
COMMENT ON COLUMN efir_budget.cell_comments.is_resolved IS 'Of a thread, on its first comment; false on every other.';
COMMENT ON COLUMN efir_budget.cell_comments.resolved_by IS 'Who resolved the thread last.';
COMMENT ON COLUMN efir_budget.cell_comments.resolved_at IS 'When it was resolved last.';
COMMENT ON COLUMN efir_budget.cell_comments.reopened_by IS 'Who reopened it last.';
COMMENT ON COLUMN efir_budget.cell_comments.reopened_at IS 'When it was reopened last.';
COMMENT ON COLUMN efir_budget.cell_comments.edited_at IS 'When its author changed the text or the mentions last.';
COMMENT ON COLUMN efir_budget.cell_comments.deleted_at IS 'When its author deleted it. The row stays, without its text, in its thread.';

CREATE INDEX replies_thread ON efir_budget.cell_comments (parent_id, created_at) WHERE parent_id IS NOT NULL;
CREATE INDEX threads_budget ON efir_budget.cell_comments (budget_version_id, created_at DESC, id DESC) WHERE parent_id IS NULL;

CREATE TABLE efir_budget.comment_mentions (
  user_id uuid NOT NULL REFERENCES auth.users (id) ON DELETE CASCADE,
  comment_id uuid NOT NULL REFERENCES efir_budget.cell_comments (id) ON DELETE CASCADE,
  mentioned_at timestamptz NOT NULL,
  read_at timestamptz,
  CONSTRAINT pk_comment_mentions PRIMARY KEY (user_id, comment_id)
);

COMMENT ON TABLE efir_budget.comment_mentions IS 'The inbox: who was called on, by which comment. Follows cell_comments.mentions.';
COMMENT ON COLUMN efir_budget.comment_mentions.mentioned_at IS 'When: later than the comment where the mention came with an edit.';
COMMENT ON COLUMN efir_budget.comment_mentions.read_at IS 'When the user had read it; NULL until then.';

CREATE INDEX mentions_inbox ON efir_budget.comment_mentions (user_id, mentioned_at DESC, comment_id DESC);
CREATE INDEX mentions_comment ON efir_budget.comment_mentions (comment_id);

-- How far, and not which: comments of a thread are written one after the other (see keep_comment_insert), so that
-- none can appear before a place that was read.
CREATE TABLE efir_budget.comment_reads (
  user_id uuid NOT NULL REFERENCES auth.users (id) ON DELETE CASCADE,
  thread_id uuid NOT NULL REFERENCES efir_budget.cell_comments (id) ON DELETE CASCADE,
  read_through timestamptz NOT NULL,
  CONSTRAINT pk_comment_reads PRIMARY KEY (user_id, thread_id)
);

COMMENT ON TABLE efir_budget.comment_reads IS 'How far each user has read each thread.';
COMMENT ON COLUMN efir_budget.comment_reads.read_through IS 'The created_at of the last comment that was read.';

CREATE INDEX reads_thread ON efir_budget.comment_reads (thread_id);

ALTER TABLE efir_budget.comment_mentions ENABLE ROW LEVEL SECURITY;
ALTER TABLE efir_budget.comment_reads ENABLE ROW LEVEL SECURITY;
REVOKE ALL ON efir_budget.comment_mentions, efir_budget.comment_reads FROM PUBLIC, anon, authenticated, service_role;

CREATE TRIGGER mentions_guard BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON efir_budget.comment_mentions
FOR EACH STATEMENT WHEN (NOT pg_catalog.has_type_privilege('efir_budget.engine'::regtype, 'USAGE'))
EXECUTE FUNCTION efir_budget.refuse_log_writes();
CREATE TRIGGER reads_guard BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON efir_budget.comment_reads
FOR EACH STATEMENT WHEN (NOT pg_catalog.has_type_privilege('efir_budget.engine'::regtype, 'USAGE'))
EXECUTE FUNCTION efir_budget.refuse_log_writes();
COMMENT ON TRIGGER mentions_guard ON efir_budget.comment_mentions IS 'By the engine alone.';
COMMENT ON TRIGGER reads_guard ON efir_budget.comment_reads IS 'By the engine alone.';

CREATE FUNCTION efir_budget.keep_comment_insert() RETURNS trigger
LANGUAGE plpgsql
SET search_path = ''
AS $$
DECLARE
  v_parent efir_budget.cell_comments;
  v_last timestamptz;
BEGIN
  IF NEW.comment_text IS NULL OR char_length(NEW.comment_text) > 10000 OR NEW.comment_text !~ '\S' THEN
    RAISE EXCEPTION 'A comment has 1 to 10000 characters, and not all of them blank.'
      USING ERRCODE = 'PT422', DETAIL = '{"field":"comment_text"}';
  END IF;
  SELECT cell.budget_version_id INTO NEW.budget_version_id
  FROM efir_budget.planning_cells AS cell
  WHERE cell.id = NEW.cell_id AND cell.deleted_at IS NULL;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'There is no such cell.' USING ERRCODE = 'PT404', DETAIL = '{}', HINT = 'It may be deleted, or not be yours to see.';
  END IF;

  IF NEW.parent_id IS NOT NULL THEN
    -- An answer to an answer belongs to the same thread.
    SELECT coalesce(parent.parent_id, parent.id) INTO NEW.parent_id
    FROM efir_budget.cell_comments AS parent
    WHERE parent.id = NEW.parent_id AND parent.cell_id = NEW.cell_id;
    -- One writer of a thread at a time, until his commit: the order of times is the order of appearance.
    SELECT * INTO v_parent FROM efir_budget.cell_comments AS parent WHERE parent.id = NEW.parent_id FOR NO KEY UPDATE;
    IF NOT FOUND THEN
      RAISE EXCEPTION 'There is no such comment on this cell.'
        USING ERRCODE = 'PT404', DETAIL = '{}', HINT = 'An answer is on the cell that its thread is on.';
    END IF;
    SELECT max(reply.created_at) INTO v_last FROM efir_budget.cell_comments AS reply WHERE reply.parent_id = NEW.parent_id;
    NEW.is_resolved := FALSE;
  END IF;

  NEW.created_at := greatest(
    clock_timestamp(), v_parent.created_at + interval '1 microsecond', v_last + interval '1 microsecond'
  );
  NEW.created_by := coalesce(auth.uid(), NEW.created_by);
  NEW.updated_at := NEW.created_at;
  NEW.edited_at := NULL;
  NEW.deleted_at := NULL;
  NEW.resolved_by := CASE WHEN NEW.is_resolved THEN NEW.created_by END;
  NEW.resolved_at := CASE WHEN NEW.is_resolved THEN NEW.created_at END;
  NEW.reopened_by := NULL;
  NEW.reopened_at := NULL;
  RETURN NEW;
END
$$;

COMMENT ON FUNCTION efir_budget.keep_comment_insert IS 'Author, time and thread of a new comment are the database''s to set.';

CREATE FUNCTION efir_budget.keep_comment_update() RETURNS trigger
LANGUAGE plpgsql
SET search_path = ''
AS $$
DECLARE
  v_edited boolean;
BEGIN
  IF (NEW.id, NEW.cell_id, NEW.parent_id) IS DISTINCT FROM (OLD.id, OLD.cell_id, OLD.parent_id) THEN
    RAISE EXCEPTION 'A comment stays where it was written.' USING ERRCODE = 'PT422', DETAIL = '{"field":"cell_id"}';
  END IF;
  -- The foreign key's ON DELETE SET NULL is the one who may take the author away.
  IF NEW.created_by IS NOT NULL OR NOT pg_catalog.has_type_privilege('efir_budget.engine'::regtype, 'USAGE') THEN
    NEW.created_by := OLD.created_by;
  END IF;
  NEW.budget_version_id := OLD.budget_version_id;
  NEW.created_at := OLD.created_at;
  NEW.updated_at := OLD.updated_at;
  NEW.edited_at := OLD.edited_at;
  NEW.resolved_by := OLD.resolved_by;
  NEW.resolved_at := OLD.resolved_at;
  NEW.reopened_by := OLD.reopened_by;
  NEW.reopened_at := OLD.reopened_at;

  v_edited := (NEW.comment_text, NEW.mentions) IS DISTINCT FROM (OLD.comment_text, OLD.mentions);
  IF OLD.deleted_at IS NOT NULL AND (v_edited OR NEW.deleted_at IS NULL) THEN
    RAISE EXCEPTION 'The comment was deleted.' USING ERRCODE = 'PT404', DETAIL = '{}', HINT = 'Write another.';
  ELSIF OLD.deleted_at IS NOT NULL THEN
    NEW.deleted_at := OLD.deleted_at;
  ELSIF NEW.deleted_at IS NOT NULL THEN
    -- A program, which no user signed in to, may remove what has to go.
    IF auth.uid() IS NOT NULL AND auth.uid() IS DISTINCT FROM OLD.created_by THEN
      RAISE EXCEPTION 'A comment is deleted by its author alone.' USING ERRCODE = 'PT403', DETAIL = '{}';
    END IF;
    NEW.deleted_at := clock_timestamp();
    NEW.comment_text := '';
    NEW.mentions := '{}';
  ELSIF v_edited THEN
    IF auth.uid() IS DISTINCT FROM OLD.created_by THEN
      RAISE EXCEPTION 'A comment is edited by its author alone.' USING ERRCODE = 'PT403', DETAIL = '{}', HINT = 'Answer it.';
    END IF;
    IF NEW.comment_text IS NULL OR char_length(NEW.comment_text) > 10000 OR NEW.comment_text !~ '\S' THEN
      RAISE EXCEPTION 'A comment has 1 to 10000 characters, and not all of them blank.'
        USING ERRCODE = 'PT422', DETAIL = '{"field":"comment_text"}';
    END IF;
    NEW.edited_at := clock_timestamp();
  END IF;

  IF NEW.is_resolved <> OLD.is_resolved THEN
    IF OLD.parent_id IS NOT NULL THEN
      RAISE EXCEPTION 'An answer is not resolved: its thread is.'
        USING ERRCODE = 'PT422', DETAIL = '{"field":"is_resolved"}', HINT = 'Resolve the comment that began the thread.';
    ELSIF NEW.is_resolved THEN
      NEW.resolved_by := auth.uid();
      NEW.resolved_at := clock_timestamp();
    ELSE
      NEW.reopened_by := auth.uid();
      NEW.reopened_at := clock_timestamp();
    END IF;
  END IF;
  IF NEW.is_resolved <> OLD.is_resolved OR v_edited OR (NEW.deleted_at IS NULL) <> (OLD.deleted_at IS NULL) THEN
    NEW.updated_at := clock_timestamp();
  END IF;
  RETURN NEW;
END
$$;

COMMENT ON FUNCTION efir_budget.keep_comment_update IS
'Texts are their authors'', threads are everybody''s to resolve, and who and when are the database''s to set.';

CREATE FUNCTION efir_budget.keep_comment_delete() RETURNS trigger
LANGUAGE plpgsql
SET search_path = ''
AS $$
BEGIN
  -- A cascade from the cell runs with the rights of the table's owner.
  IF pg_catalog.has_type_privilege('efir_budget.engine'::regtype, 'USAGE') THEN
    RETURN OLD;
  END IF;
  UPDATE efir_budget.cell_comments AS comment SET deleted_at = now() WHERE comment.id = OLD.id;
  RETURN NULL;
END
$$;

COMMENT ON FUNCTION efir_budget.keep_comment_delete IS 'A DELETE blanks the comment and leaves its place in the thread.';

CREATE FUNCTION efir_budget.record_mentions() RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = ''
SET enable_seqscan = off
AS $$
DECLARE
  v_comments uuid[];
  v_users uuid[];
  v_stranger uuid;
BEGIN
  -- Whoever was mentioned before may have left since: only new mentions are asked about.
  IF TG_OP = 'INSERT' THEN
    SELECT array_agg(comment.id), array_agg(mentioned.user_id) INTO v_comments, v_users
    FROM new_rows AS comment
    CROSS JOIN LATERAL unnest(comment.mentions) AS mentioned (user_id);
  ELSE
    DELETE FROM efir_budget.comment_mentions AS known
    USING new_rows AS comment
    WHERE known.comment_id = comment.id AND known.user_id <> ALL(comment.mentions);

    SELECT array_agg(comment.id), array_agg(mentioned.user_id) INTO v_comments, v_users
    FROM new_rows AS comment
    INNER JOIN old_rows AS before ON before.id = comment.id
    CROSS JOIN LATERAL unnest(comment.mentions) AS mentioned (user_id)
    WHERE comment.mentions <> before.mentions AND mentioned.user_id <> ALL(before.mentions);
  END IF;
  IF v_users IS NULL THEN
    RETURN NULL;
  ELSIF EXISTS (SELECT FROM new_rows AS comment WHERE cardinality(comment.mentions) > 100) THEN
    PERFORM efir_budget.refuse_argument('mentions', NULL, 'at most 100 users');
  END IF;

  SELECT added.user_id INTO v_stranger
  FROM unnest(v_comments, v_users) AS added (comment_id, user_id)
  INNER JOIN efir_budget.cell_comments AS comment ON comment.id = added.comment_id
  WHERE NOT EXISTS (
    SELECT
    FROM efir_budget.budget_versions AS budget
    INNER JOIN efir_budget.user_profiles AS profile ON profile.organization_id = budget.organization_id
    WHERE budget.id = comment.budget_version_id AND profile.user_id = added.user_id
  )
  LIMIT 1;
  IF FOUND THEN
    PERFORM efir_budget.refuse_argument('mentions', to_jsonb(v_stranger), 'members of the organisation');
  END IF;

  -- Who mentions himself needs no telling.
  INSERT INTO efir_budget.comment_mentions (user_id, comment_id, mentioned_at)
  SELECT added.user_id, comment.id, comment.updated_at
  FROM unnest(v_comments, v_users) AS added (comment_id, user_id)
  INNER JOIN efir_budget.cell_comments AS comment ON comment.id = added.comment_id
  WHERE added.user_id IS DISTINCT FROM comment.created_by
  ON CONFLICT ON CONSTRAINT pk_comment_mentions DO NOTHING;
  RETURN NULL;
END
$$;

COMMENT ON FUNCTION efir_budget.record_mentions IS 'Keeps the inboxes: members of the organisation alone are mentioned.';

CREATE TRIGGER comments_insert_rules BEFORE INSERT ON efir_budget.cell_comments
FOR EACH ROW EXECUTE FUNCTION efir_budget.keep_comment_insert();
CREATE TRIGGER comments_update_rules BEFORE UPDATE ON efir_budget.cell_comments
FOR EACH ROW EXECUTE FUNCTION efir_budget.keep_comment_update();
CREATE TRIGGER comments_delete_rules BEFORE DELETE ON efir_budget.cell_comments
FOR EACH ROW EXECUTE FUNCTION efir_budget.keep_comment_delete();
CREATE TRIGGER comments_insert_mentions AFTER INSERT ON efir_budget.cell_comments
REFERENCING NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION efir_budget.record_mentions();
CREATE TRIGGER comments_update_mentions AFTER UPDATE ON efir_budget.cell_comments
REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION efir_budget.record_mentions();

COMMENT ON TRIGGER comments_insert_rules ON efir_budget.cell_comments IS 'See keep_comment_insert.';
COMMENT ON TRIGGER comments_update_rules ON efir_budget.cell_comments IS 'See keep_comment_update.';
COMMENT ON TRIGGER comments_delete_rules ON efir_budget.cell_comments IS 'See keep_comment_delete.';
COMMENT ON TRIGGER comments_insert_mentions ON efir_budget.cell_comments IS 'See record_mentions.';
COMMENT ON TRIGGER comments_update_mentions ON efir_budget.cell_comments IS 'See record_mentions.';

REVOKE ALL ON FUNCTION efir_budget.keep_comment_insert FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.keep_comment_update FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.keep_comment_delete FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION efir_budget.record_mentions FROM PUBLIC, anon, authenticated, service_role;

DROP TRIGGER comments_update_mentions ON efir_budget.cell_comments;
DROP TRIGGER comments_insert_mentions ON efir_budget.cell_comments;
DROP TRIGGER comments_delete_rules ON efir_budget.cell_comments;
DROP TRIGGER comments_update_rules ON efir_budget.cell_comments;
DROP TRIGGER comments_insert_rules ON efir_budget.cell_comments;
DROP FUNCTION efir_budget.record_mentions;
DROP FUNCTION efir_budget.keep_comment_delete;
DROP FUNCTION efir_budget.keep_comment_update;
DROP FUNCTION efir_budget.keep_comment_insert;
DROP TABLE efir_budget.comment_reads;
DROP TABLE efir_budget.comment_mentions;

-- What was deleted is deleted; answers become comments of their own.
ALTER TABLE efir_budget.cell_comments DROP COLUMN parent_id;
DELETE FROM efir_budget.cell_comments WHERE deleted_at IS NOT NULL;

ALTER POLICY cell_comments_org_isolation ON efir_budget.cell_comments
USING (EXISTS (SELECT FROM efir_budget.planning_cells AS cell WHERE cell.id = cell_id));

ALTER TABLE efir_budget.cell_comments
DROP COLUMN budget_version_id,
DROP COLUMN mentions,
DROP COLUMN resolved_by,
DROP COLUMN resolved_at,
DROP COLUMN reopened_by,
DROP COLUMN reopened_at,
DROP COLUMN edited_at,
DROP COLUMN deleted_at;

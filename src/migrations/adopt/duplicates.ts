import { queryText, type Query } from '../query.ts'
import type { DuplicateGroup } from './report.ts'

const key = ['budget_version_id', 'module_code', 'entity_id', 'field_name', 'period_code']
/** Somebody's version may be a text yet. */
const versionNumber = `CASE WHEN version::text ~ '^[0-9]{1,9}$' THEN version::text::integer END`
const newestFirst = `modified_at DESC NULLS LAST, ${versionNumber} DESC NULLS LAST, id DESC`

/** What cells that share a key are told by. */
export const tellingColumns: readonly string[] = [
  ...['id', ...key, 'value_numeric', 'value_text', 'version', 'is_locked', 'modified_at'].map(
    (name) => `column planning_cells.${name}`,
  ),
  'column cell_changes.cell_id',
  'column cell_comments.cell_id',
]

/** Cells ranked within their key, newest first; only keys that several cells share. */
const ranked = (schema: string) => `
  SELECT * FROM (
    SELECT cell.*,
      count(*) OVER same_key AS sharing,
      first_value(cell.id) OVER (same_key ORDER BY ${newestFirst}) AS keeps,
      row_number() OVER (same_key ORDER BY ${newestFirst}) AS rank
    FROM ${schema}.planning_cells AS cell
    WINDOW same_key AS (PARTITION BY ${key.join(', ')})
  ) AS cell
  WHERE cell.sharing > 1`

export async function findDuplicates(query: Query, schema: string): Promise<readonly DuplicateGroup[]> {
  const text = await queryText(
    query,
    `WITH ranked AS (${ranked(schema)})
     SELECT coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
       'budgetVersionId', budget_version_id, 'module', module_code, 'entity', entity_id, 'field', field_name,
       'period', period_code, 'keeps', keeps, 'cells', cells
     ) ORDER BY budget_version_id, module_code, field_name, entity_id, period_code), '[]')::text
     FROM (
       SELECT ${key.join(', ')}, keeps, pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
         'id', id, 'number', value_numeric::text, 'text', value_text, 'version', ${versionNumber},
         'isLocked', coalesce(is_locked, false), 'modifiedAt', modified_at,
         'comments', (SELECT count(*) FROM ${schema}.cell_comments AS comment WHERE comment.cell_id = ranked.id),
         'changes', (SELECT count(*) FROM ${schema}.cell_changes AS change WHERE change.cell_id = ranked.id)
       ) ORDER BY rank) AS cells
       FROM ranked
       GROUP BY ${key.join(', ')}, keeps
     ) AS grouped`,
  )
  return JSON.parse(text ?? '[]') as DuplicateGroup[]
}

/** Rows of the application's own tables that point at a cell which would have to go. */
export async function findReferences(query: Query, schema: string): Promise<readonly string[]> {
  const constraints = await query(
    `SELECT con.conrelid::regclass::text AS "table", pg_catalog.quote_ident(attribute.attname) AS "column"
     FROM pg_catalog.pg_constraint AS con
     INNER JOIN pg_catalog.pg_attribute AS attribute
       ON attribute.attrelid = con.conrelid AND attribute.attnum = con.conkey[1]
     WHERE con.contype = 'f' AND con.confrelid = pg_catalog.to_regclass($1::text || '.planning_cells')
       AND con.conrelid <> ALL (ARRAY[pg_catalog.to_regclass($1::text || '.cell_changes'),
         pg_catalog.to_regclass($1::text || '.cell_comments')])`,
    [schema],
  )
  const found: string[] = []
  for (const { table, column } of constraints) {
    const count = await queryText(
      query,
      `SELECT count(*)::text FROM ${String(table)} AS own
       WHERE own.${String(column)} IN (SELECT id FROM (${ranked(schema)}) AS loser WHERE loser.rank > 1)`,
    )
    if (count !== '0') found.push(`${String(table)}.${String(column)} (${count ?? '?'} rows)`)
  }
  return found
}

/** Moves all but the newest cell of each key, whole, to a table of their own. */
export async function moveDuplicates(
  query: Query,
  schema: string,
): Promise<{ cells: number; comments: number }> {
  await query(`
    CREATE TABLE IF NOT EXISTS ${schema}.cells_adoption_duplicates (
      cell_id uuid PRIMARY KEY,
      kept_cell_id uuid NOT NULL,
      cell jsonb NOT NULL,
      comment_ids uuid[] NOT NULL,
      moved_at timestamptz NOT NULL DEFAULT now()
    );
    COMMENT ON TABLE ${schema}.cells_adoption_duplicates IS
      'Cells that shared their key with a newer one when @efir/cells took over. Yours to look through and drop.';
    ALTER TABLE ${schema}.cells_adoption_duplicates ENABLE ROW LEVEL SECURITY;
    REVOKE ALL ON ${schema}.cells_adoption_duplicates FROM PUBLIC, anon, authenticated, service_role;
    INSERT INTO ${schema}.cells_adoption_duplicates (cell_id, kept_cell_id, cell, comment_ids)
    SELECT loser.id, loser.keeps, pg_catalog.to_jsonb(cell),
      ARRAY(SELECT comment.id FROM ${schema}.cell_comments AS comment WHERE comment.cell_id = loser.id)
    FROM (${ranked(schema)}) AS loser
    INNER JOIN ${schema}.planning_cells AS cell ON cell.id = loser.id
    WHERE loser.rank > 1`)
  // A lock protects a number that somebody approved, so it outlives the choice between the cells.
  await query(`
    UPDATE ${schema}.planning_cells AS kept
    SET is_locked = true, lock_reason = locked.reason, version = kept.version + 1
    FROM (
      SELECT DISTINCT ON (kept_cell_id) kept_cell_id, cell ->> 'lock_reason' AS reason
      FROM ${schema}.cells_adoption_duplicates
      WHERE (cell ->> 'is_locked')::boolean
      ORDER BY kept_cell_id, cell ->> 'modified_at' DESC
    ) AS locked
    WHERE kept.id = locked.kept_cell_id AND kept.is_locked IS NOT TRUE`)
  const comments = await query(
    `UPDATE ${schema}.cell_comments AS comment SET cell_id = moved.kept_cell_id
     FROM ${schema}.cells_adoption_duplicates AS moved
     WHERE comment.cell_id = moved.cell_id
     RETURNING comment.id::text`,
  )
  const cells = await query(
    `DELETE FROM ${schema}.planning_cells AS cell USING ${schema}.cells_adoption_duplicates AS moved
     WHERE cell.id = moved.cell_id
     RETURNING cell.id::text`,
  )
  return { cells: cells.length, comments: comments.length }
}

import { idsOf, type Picked, type World } from './world.ts'

/**
 * Steps of one member on the same cells, one over the other, as if each had been a call of write_cells. Rows like those of
 * the calls, in their order, and past the rules that make them: the calls themselves take minutes.
 */
export async function stackSteps(
  world: World,
  user: string,
  cells: readonly Picked[],
  steps: number,
): Promise<void> {
  const superuser = world.dataset.session('supabase_admin', 'cells')
  const { budget } = world
  const ids = idsOf(cells)
  await superuser.begin(async (sql) => {
    await sql`SET LOCAL session_replication_role = 'replica'`
    await sql`
      CREATE TEMPORARY TABLE stacked ON COMMIT DROP AS
      SELECT n, gen_random_uuid() AS session_id, nextval('efir_budget.cell_commit_ids') AS commit_id,
        counter.revision + n AS revision, clock_timestamp() AS at
      FROM efir_budget.budget_revisions AS counter, generate_series(1, ${steps}::integer) AS n
      WHERE counter.budget_version_id = ${budget}`
    await sql`
      INSERT INTO efir_budget.cell_sessions (id, budget_version_id, actor, modules, written_commit, created_at)
      SELECT session_id, ${budget}, ${user}, ARRAY(
        SELECT DISTINCT module_code FROM efir_budget.planning_cells WHERE id = ANY(${ids}::uuid[])
      ), commit_id, at
      FROM stacked`
    await sql`
      INSERT INTO efir_budget.cell_commits (commit_id, budget_version_id, revision, session_id, change_type, actor, created_at)
      SELECT commit_id, ${budget}, revision, session_id, 'manual', ${user}, at FROM stacked`
    await sql`
      INSERT INTO efir_budget.cell_changes (
        id, cell_id, budget_version_id, module_code, entity_id, field_name, period_code, action, old_value, new_value, old_text,
        old_version, new_version, under_version, value_type, change_type, session_id, sequence_number, commit_id, changed_by,
        changed_at
      )
      SELECT
        encode(efir_budget.record_id_prefix(step.commit_id) || int4send(cell.n::integer), 'hex')::uuid,
        cell.id, cell.budget_version_id, cell.module_code, cell.entity_id, cell.field_name, cell.period_code, 'update',
        CASE step.n WHEN 1 THEN cell.value_numeric ELSE 1 - step.n END, -step.n, CASE step.n WHEN 1 THEN cell.value_text END,
        cell.version + step.n - 1, cell.version + step.n,
        CASE step.n WHEN 1 THEN cell.effective_version ELSE cell.version + step.n - 1 END,
        'input', 'manual', step.session_id, cell.n, step.commit_id, ${user}::uuid, step.at
      FROM stacked AS step
      CROSS JOIN (
        SELECT *, row_number() OVER (ORDER BY id) AS n FROM efir_budget.planning_cells WHERE id = ANY(${ids}::uuid[])
      ) AS cell
      ORDER BY step.n, cell.n`
    await sql`
      UPDATE efir_budget.planning_cells
      SET value_numeric = -${steps}::integer, value_text = NULL, value_type = 'input', modified_by = ${user}, modified_at = now(),
        version = version + ${steps}::integer, effective_version = version + ${steps}::integer, effective_author = ${user}
      WHERE id = ANY(${ids}::uuid[])`
    await sql`
      UPDATE efir_budget.budget_revisions SET revision = revision + ${steps}::integer WHERE budget_version_id = ${budget}`
  })
  await superuser.end()
  for (const cell of cells) cell.version += steps
}

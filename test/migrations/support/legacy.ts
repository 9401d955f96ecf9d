import type postgres from 'postgres'

/**
 * Migration 009 as applications have it that made it by Alembic: nearly every column nullable, foreign keys that
 * take the log along, plain UNIQUE, other indexes under the same names, one policy a table for whoever is signed in.
 */
const legacyTables = `
CREATE TABLE efir_budget.planning_cells (
  id uuid DEFAULT gen_random_uuid() NOT NULL,
  budget_version_id uuid NOT NULL REFERENCES efir_budget.budget_versions (id) ON DELETE CASCADE,
  module_code varchar(50) NOT NULL,
  entity_id uuid,
  field_name varchar(100) NOT NULL,
  period_code varchar(20),
  value_numeric numeric(18, 4),
  value_text text,
  value_type varchar(30) DEFAULT 'input',
  is_locked boolean DEFAULT false,
  lock_reason varchar(200),
  modified_by uuid REFERENCES auth.users (id),
  modified_at timestamptz DEFAULT now(),
  version integer DEFAULT 1,
  created_at timestamptz DEFAULT now(),
  CONSTRAINT pk_planning_cells PRIMARY KEY (id),
  CONSTRAINT uq_planning_cell UNIQUE (budget_version_id, module_code, entity_id, field_name, period_code)
);
CREATE TABLE efir_budget.cell_changes (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  cell_id uuid REFERENCES efir_budget.planning_cells (id) ON DELETE CASCADE,
  budget_version_id uuid NOT NULL REFERENCES efir_budget.budget_versions (id) ON DELETE CASCADE,
  module_code varchar(50) NOT NULL,
  entity_id uuid,
  field_name varchar(100),
  period_code varchar(20),
  old_value numeric(18, 4),
  new_value numeric(18, 4),
  change_type varchar(50) NOT NULL,
  session_id uuid,
  sequence_number integer,
  changed_by uuid REFERENCES auth.users (id),
  changed_at timestamptz DEFAULT now()
);
CREATE TABLE efir_budget.cell_comments (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  cell_id uuid REFERENCES efir_budget.planning_cells (id) ON DELETE CASCADE,
  comment_text text NOT NULL,
  is_resolved boolean DEFAULT false,
  created_by uuid REFERENCES auth.users (id),
  created_at timestamptz DEFAULT now(),
  updated_at timestamptz DEFAULT now()
);
COMMENT ON TABLE efir_budget.planning_cells IS 'Cells, in the words of their first author.';

CREATE INDEX idx_cells_version ON efir_budget.planning_cells (budget_version_id);
CREATE INDEX idx_cells_module ON efir_budget.planning_cells (module_code, entity_id);
CREATE INDEX idx_cells_modified ON efir_budget.planning_cells (modified_at DESC);
CREATE INDEX idx_cells_locked ON efir_budget.planning_cells (is_locked);
CREATE INDEX idx_cells_lookup ON efir_budget.planning_cells
  (budget_version_id, module_code, entity_id, field_name, period_code)
  INCLUDE (value_numeric, value_text, value_type, version);
CREATE INDEX idx_changes_cell ON efir_budget.cell_changes (cell_id);
CREATE INDEX idx_changes_session ON efir_budget.cell_changes (session_id, sequence_number);
CREATE INDEX idx_changes_entity ON efir_budget.cell_changes (budget_version_id, module_code, entity_id);
CREATE INDEX idx_changes_time ON efir_budget.cell_changes (changed_at DESC);
CREATE INDEX idx_changes_user ON efir_budget.cell_changes (changed_by, changed_at DESC);
CREATE INDEX idx_changes_type ON efir_budget.cell_changes (change_type, changed_at DESC);
CREATE INDEX idx_comments_cell ON efir_budget.cell_comments (cell_id);
CREATE INDEX idx_comments_unresolved ON efir_budget.cell_comments (cell_id) WHERE is_resolved = false;
CREATE INDEX idx_comments_user ON efir_budget.cell_comments (created_by, created_at DESC);

ALTER TABLE efir_budget.planning_cells ENABLE ROW LEVEL SECURITY;
ALTER TABLE efir_budget.cell_changes ENABLE ROW LEVEL SECURITY;
ALTER TABLE efir_budget.cell_comments ENABLE ROW LEVEL SECURITY;
CREATE POLICY planning_cells_authenticated_access ON efir_budget.planning_cells
  USING ((SELECT auth.uid()) IS NOT NULL) WITH CHECK ((SELECT auth.uid()) IS NOT NULL);
CREATE POLICY cell_changes_authenticated_access ON efir_budget.cell_changes
  USING ((SELECT auth.uid()) IS NOT NULL) WITH CHECK ((SELECT auth.uid()) IS NOT NULL);
CREATE POLICY cell_comments_authenticated_access ON efir_budget.cell_comments
  USING ((SELECT auth.uid()) IS NOT NULL) WITH CHECK ((SELECT auth.uid()) IS NOT NULL);

-- What Supabase's guide to custom schemas tells people to run.
GRANT USAGE ON SCHEMA efir_budget TO anon, authenticated, service_role;
GRANT ALL ON ALL TABLES IN SCHEMA efir_budget TO anon, authenticated, service_role;
GRANT ALL ON ALL ROUTINES IN SCHEMA efir_budget TO anon, authenticated, service_role;
GRANT ALL ON ALL SEQUENCES IN SCHEMA efir_budget TO anon, authenticated, service_role;
ALTER DEFAULT PRIVILEGES IN SCHEMA efir_budget GRANT ALL ON TABLES TO anon, authenticated, service_role;
ALTER DEFAULT PRIVILEGES IN SCHEMA efir_budget GRANT ALL ON ROUTINES TO anon, authenticated, service_role;
ALTER DEFAULT PRIVILEGES IN SCHEMA efir_budget GRANT ALL ON SEQUENCES TO anon, authenticated, service_role;

ALTER PUBLICATION supabase_realtime ADD TABLE efir_budget.planning_cells, efir_budget.cell_changes;

CREATE TABLE efir_budget.alembic_version (version_num varchar(128) PRIMARY KEY);
INSERT INTO efir_budget.alembic_version VALUES ('009_planning_cells_writeback');
`

/** The application's own tables: more than the library needs of them, and not made by 000_host. */
const applicationTables = `
CREATE SCHEMA efir_budget;
CREATE TABLE efir_budget.organizations (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text NOT NULL);
CREATE TABLE efir_budget.budget_versions (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  organization_id uuid NOT NULL REFERENCES efir_budget.organizations (id),
  name text NOT NULL, fiscal_year integer NOT NULL DEFAULT 2026, deleted_at timestamptz
);
CREATE TABLE efir_budget.user_profiles (
  user_id uuid PRIMARY KEY REFERENCES auth.users (id), organization_id uuid NOT NULL REFERENCES efir_budget.organizations (id)
);
`

export const ids = {
  organization: '00000000-0000-4000-8000-000000000001',
  budget: '00000000-0000-4000-8000-000000000002',
  user: '00000000-0000-4000-8000-000000000003',
  entity: '00000000-0000-4000-8000-000000000004',
  /** Two cells of one key: no entity, no period. The older one is locked and has comments and changes. */
  older: '00000000-0000-4000-8000-000000000011',
  newer: '00000000-0000-4000-8000-000000000012',
  /** Two more cells of one key: an entity, no period. */
  third: '00000000-0000-4000-8000-000000000013',
  fourth: '00000000-0000-4000-8000-000000000014',
  locked: '00000000-0000-4000-8000-000000000015',
  text: '00000000-0000-4000-8000-000000000016',
  session: '00000000-0000-4000-8000-000000000021',
}

/** Makes the tables as Alembic did, in an empty database. */
export async function makeLegacy(sql: postgres.Sql): Promise<void> {
  await sql.unsafe(applicationTables)
  await sql.unsafe(legacyTables)
  await sql.unsafe(`
    INSERT INTO auth.users (id) VALUES ('${ids.user}');
    INSERT INTO efir_budget.organizations (id, name) VALUES ('${ids.organization}', 'School');
    INSERT INTO efir_budget.budget_versions (id, organization_id, name)
      VALUES ('${ids.budget}', '${ids.organization}', 'Budget');
    INSERT INTO efir_budget.user_profiles VALUES ('${ids.user}', '${ids.organization}');`)
}

/** Cells, changes and comments with everything that makes taking over hard, except for duplicates. */
export async function fillLegacy(sql: postgres.Sql): Promise<void> {
  await sql.unsafe(`
    INSERT INTO efir_budget.planning_cells
      (id, budget_version_id, module_code, entity_id, field_name, period_code, value_numeric, value_text, is_locked, lock_reason, version, modified_at)
    VALUES
      ('${ids.locked}', '${ids.budget}', 'revenue', '${ids.entity}', 'rate', '2025-09', 99999999999999.9999, NULL, true, 'Under approval', 4, '2025-10-01Z'),
      ('${ids.text}', '${ids.budget}', 'revenue', '${ids.entity}', 'note', '2025-09', NULL, 'as agreed', NULL, NULL, NULL, NULL);
    INSERT INTO efir_budget.planning_cells (budget_version_id, module_code, entity_id, field_name, period_code, value_numeric)
    SELECT '${ids.budget}', 'enrollment', gen_random_uuid(), 'students', '2025-' || lpad(month::text, 2, '0'), month * 1.25
    FROM generate_series(1, 12) AS month, generate_series(1, 10);
    INSERT INTO efir_budget.cell_changes
      (cell_id, budget_version_id, module_code, entity_id, field_name, period_code, old_value, new_value, change_type, session_id, sequence_number, changed_by)
    SELECT id, budget_version_id, module_code, entity_id, field_name, period_code, NULL, value_numeric, 'import', '${ids.session}',
      row_number() OVER (), '${ids.user}'
    FROM efir_budget.planning_cells WHERE module_code = 'enrollment';
    -- A change of a text, which the log could not say; one without its field, one without its cell.
    INSERT INTO efir_budget.cell_changes (cell_id, budget_version_id, module_code, entity_id, field_name, period_code, change_type)
    VALUES
      ('${ids.text}', '${ids.budget}', 'revenue', '${ids.entity}', 'note', '2025-09', 'manual'),
      ('${ids.text}', '${ids.budget}', 'revenue', '${ids.entity}', NULL, '2025-09', 'manual'),
      (NULL, '${ids.budget}', 'revenue', '${ids.entity}', 'rate', '2025-09', 'undo');
    INSERT INTO efir_budget.cell_comments (cell_id, comment_text, is_resolved, created_by)
    VALUES ('${ids.text}', 'Who agreed?', NULL, '${ids.user}'), ('${ids.locked}', 'Approved.', true, '${ids.user}');`)
}

/** Cells that plain UNIQUE let in twice. */
export async function addDuplicates(sql: postgres.Sql): Promise<void> {
  await sql.unsafe(`
    INSERT INTO efir_budget.planning_cells
      (id, budget_version_id, module_code, entity_id, field_name, period_code, value_numeric, is_locked, lock_reason, version, modified_at)
    VALUES
      ('${ids.older}', '${ids.budget}', 'costs', NULL, 'total', NULL, 10.5, true, 'Approved by the board', 3, '2025-10-01Z'),
      ('${ids.newer}', '${ids.budget}', 'costs', NULL, 'total', NULL, 11.5, false, NULL, 1, '2025-10-02Z'),
      ('${ids.third}', '${ids.budget}', 'costs', '${ids.entity}', 'total', NULL, 1, false, NULL, 1, '2025-10-03Z'),
      ('${ids.fourth}', '${ids.budget}', 'costs', '${ids.entity}', 'total', NULL, 2, false, NULL, 2, '2025-10-03Z');
    INSERT INTO efir_budget.cell_changes
      (cell_id, budget_version_id, module_code, field_name, old_value, new_value, change_type, changed_by)
    VALUES
      ('${ids.older}', '${ids.budget}', 'costs', 'total', 9, 10.5, 'manual', '${ids.user}'),
      ('${ids.newer}', '${ids.budget}', 'costs', 'total', NULL, 11.5, 'manual', '${ids.user}');
    INSERT INTO efir_budget.cell_comments (cell_id, comment_text, created_by)
    VALUES ('${ids.older}', 'The board said 10.5.', '${ids.user}'), ('${ids.newer}', 'New quote.', '${ids.user}');`)
}

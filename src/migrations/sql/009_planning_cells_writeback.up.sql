-- 009_planning_cells_writeback: planning cells, the log of their changes, and comments on them.
-- Names are fixed: applications, dashboards and a deployment guide count them.

CREATE SCHEMA IF NOT EXISTS efir_budget;

CREATE TABLE efir_budget.planning_cells (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  budget_version_id uuid NOT NULL REFERENCES efir_budget.budget_versions (id) ON DELETE CASCADE,
  module_code varchar(50) NOT NULL,
  entity_id uuid,
  field_name varchar(100) NOT NULL,
  period_code varchar(20),
  value_numeric numeric(18, 4),
  value_text text,
  value_type varchar(30) NOT NULL DEFAULT 'input',
  is_locked boolean NOT NULL DEFAULT false,
  lock_reason varchar(200),
  modified_by uuid REFERENCES auth.users (id) ON DELETE SET NULL,
  modified_at timestamptz NOT NULL DEFAULT now(),
  version integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT ck_planning_cells_value_type CHECK (value_type IN ('input', 'calculated', 'imported')),
  -- NULLS NOT DISTINCT: a cell without an entity or a period is still one cell.
  CONSTRAINT uq_planning_cell UNIQUE NULLS NOT DISTINCT (
    budget_version_id, module_code, entity_id, field_name, period_code
  )
);

CREATE TABLE efir_budget.cell_changes (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  cell_id uuid NOT NULL,
  budget_version_id uuid NOT NULL,
  module_code varchar(50) NOT NULL,
  entity_id uuid,
  field_name varchar(100) NOT NULL,
  period_code varchar(20),
  old_value numeric(18, 4),
  new_value numeric(18, 4),
  change_type varchar(50) NOT NULL DEFAULT 'manual',
  session_id uuid,
  sequence_number integer NOT NULL DEFAULT 0,
  changed_by uuid,
  changed_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT ck_cell_changes_change_type CHECK (
    change_type IN ('manual', 'spread', 'import', 'undo', 'redo', 'calculation')
  )
);

CREATE TABLE efir_budget.cell_comments (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  cell_id uuid NOT NULL REFERENCES efir_budget.planning_cells (id) ON DELETE CASCADE,
  comment_text text NOT NULL,
  is_resolved boolean NOT NULL DEFAULT false,
  created_by uuid REFERENCES auth.users (id) ON DELETE SET NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);

COMMENT ON TABLE efir_budget.planning_cells IS 'The value of one field, of one entity, in one period, of one module of a budget.';
COMMENT ON COLUMN efir_budget.planning_cells.entity_id IS 'What the value is about (a class, an account, a post); NULL for a value of the module itself.';
COMMENT ON COLUMN efir_budget.planning_cells.period_code IS 'The period in the host''s own code, e.g. 2025-09; NULL for a value without one.';
COMMENT ON COLUMN efir_budget.planning_cells.value_numeric IS 'Exact decimal; never passes through a float.';
COMMENT ON COLUMN efir_budget.planning_cells.version IS 'The optimistic lock: starts at 1, moves by exactly one with every change.';
COMMENT ON TABLE efir_budget.cell_changes IS 'One record per changed cell. No foreign key: a record outlives what it is about.';
COMMENT ON COLUMN efir_budget.cell_changes.session_id IS 'The undo step that the change belongs to.';
COMMENT ON COLUMN efir_budget.cell_changes.sequence_number IS 'Order within the step.';
COMMENT ON TABLE efir_budget.cell_comments IS 'Comments of people on a cell.';

CREATE INDEX idx_cells_version ON efir_budget.planning_cells (budget_version_id, id);
CREATE INDEX idx_cells_module ON efir_budget.planning_cells (budget_version_id, module_code);
CREATE INDEX idx_cells_modified ON efir_budget.planning_cells (modified_at DESC);
CREATE INDEX idx_cells_locked ON efir_budget.planning_cells (budget_version_id) WHERE is_locked;
CREATE INDEX idx_cells_lookup ON efir_budget.planning_cells (budget_version_id, module_code, entity_id, field_name)
INCLUDE (value_numeric, value_text, version);

CREATE INDEX idx_changes_cell ON efir_budget.cell_changes (cell_id, changed_at DESC);
CREATE INDEX idx_changes_session ON efir_budget.cell_changes (session_id, sequence_number);
CREATE INDEX idx_changes_entity ON efir_budget.cell_changes (budget_version_id, module_code, entity_id);
CREATE INDEX idx_changes_time ON efir_budget.cell_changes (changed_at DESC);
CREATE INDEX idx_changes_user ON efir_budget.cell_changes (changed_by, changed_at DESC);
CREATE INDEX idx_changes_type ON efir_budget.cell_changes (change_type);

CREATE INDEX idx_comments_cell ON efir_budget.cell_comments (cell_id, created_at);
CREATE INDEX idx_comments_unresolved ON efir_budget.cell_comments (cell_id) WHERE NOT is_resolved;
CREATE INDEX idx_comments_user ON efir_budget.cell_comments (created_by);

ALTER TABLE efir_budget.planning_cells ENABLE ROW LEVEL SECURITY;
ALTER TABLE efir_budget.cell_changes ENABLE ROW LEVEL SECURITY;
ALTER TABLE efir_budget.cell_comments ENABLE ROW LEVEL SECURITY;

CREATE POLICY planning_cells_org_isolation ON efir_budget.planning_cells
  FOR ALL TO authenticated
  USING (
    budget_version_id IN (
      SELECT budget.id
      FROM efir_budget.budget_versions AS budget
      INNER JOIN efir_budget.user_profiles AS profile ON profile.organization_id = budget.organization_id
      WHERE profile.user_id = (SELECT auth.uid()) AND budget.deleted_at IS NULL
    )
  );

CREATE POLICY cell_changes_org_isolation ON efir_budget.cell_changes
  FOR ALL TO authenticated
  USING (
    budget_version_id IN (
      SELECT budget.id
      FROM efir_budget.budget_versions AS budget
      INNER JOIN efir_budget.user_profiles AS profile ON profile.organization_id = budget.organization_id
      WHERE profile.user_id = (SELECT auth.uid()) AND budget.deleted_at IS NULL
    )
  );

-- A comment is as visible as its cell: the subquery is itself under the policy of planning_cells.
CREATE POLICY cell_comments_org_isolation ON efir_budget.cell_comments
  FOR ALL TO authenticated
  USING (cell_id IN (SELECT cell.id FROM efir_budget.planning_cells AS cell));

GRANT USAGE ON SCHEMA efir_budget TO authenticated, service_role;
GRANT SELECT, INSERT, UPDATE, DELETE ON efir_budget.planning_cells TO authenticated, service_role;
GRANT SELECT, INSERT ON efir_budget.cell_changes TO authenticated, service_role;
GRANT SELECT, INSERT, UPDATE, DELETE ON efir_budget.cell_comments TO authenticated, service_role;

-- Supabase has the publication; a plain Postgres may not.
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_publication WHERE pubname = 'supabase_realtime') THEN
    CREATE PUBLICATION supabase_realtime;
  END IF;
END
$$;

ALTER PUBLICATION supabase_realtime ADD TABLE efir_budget.planning_cells, efir_budget.cell_comments;

ALTER POLICY cell_comments_org_isolation ON efir_budget.cell_comments
USING (cell_id IN (SELECT cell.id FROM efir_budget.planning_cells AS cell));

ALTER POLICY cell_changes_org_isolation ON efir_budget.cell_changes
USING (
  budget_version_id IN (
    SELECT budget.id
    FROM efir_budget.budget_versions AS budget
    INNER JOIN efir_budget.user_profiles AS profile ON profile.organization_id = budget.organization_id
    WHERE profile.user_id = (SELECT auth.uid()) AND budget.deleted_at IS NULL
  )
);

ALTER POLICY planning_cells_org_isolation ON efir_budget.planning_cells
USING (
  budget_version_id IN (
    SELECT budget.id
    FROM efir_budget.budget_versions AS budget
    INNER JOIN efir_budget.user_profiles AS profile ON profile.organization_id = budget.organization_id
    WHERE profile.user_id = (SELECT auth.uid()) AND budget.deleted_at IS NULL
  )
);

DROP FUNCTION efir_budget.require_budget;
DROP FUNCTION efir_budget.my_budgets;

-- 000_host (optional): the three tables that planning cells lean on, for an application that has none.
-- An application with tables of its own skips this file and provides the same columns under the same names.

CREATE SCHEMA IF NOT EXISTS efir_budget;

CREATE TABLE efir_budget.organizations (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  name varchar(200) NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE efir_budget.budget_versions (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  organization_id uuid NOT NULL REFERENCES efir_budget.organizations (id) ON DELETE CASCADE,
  name varchar(200) NOT NULL,
  status varchar(30) NOT NULL DEFAULT 'working',
  deleted_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE efir_budget.user_profiles (
  user_id uuid PRIMARY KEY REFERENCES auth.users (id) ON DELETE CASCADE,
  organization_id uuid NOT NULL REFERENCES efir_budget.organizations (id) ON DELETE CASCADE,
  created_at timestamptz NOT NULL DEFAULT now()
);

COMMENT ON TABLE efir_budget.organizations IS 'A tenant. Members never see another organisation''s data.';
COMMENT ON TABLE efir_budget.budget_versions IS 'One budget (a version of a plan) of an organisation; planning cells belong to it.';
COMMENT ON COLUMN efir_budget.budget_versions.status IS 'Free text of the host application, e.g. working, submitted, approved.';
COMMENT ON COLUMN efir_budget.budget_versions.deleted_at IS 'Soft delete: from then on the budget and its cells are nobody''s to see.';
COMMENT ON TABLE efir_budget.user_profiles IS 'Which organisation a user is a member of.';

CREATE INDEX idx_budget_versions_organization ON efir_budget.budget_versions (organization_id);
CREATE INDEX idx_user_profiles_organization ON efir_budget.user_profiles (organization_id);

ALTER TABLE efir_budget.organizations ENABLE ROW LEVEL SECURITY;
ALTER TABLE efir_budget.budget_versions ENABLE ROW LEVEL SECURITY;
ALTER TABLE efir_budget.user_profiles ENABLE ROW LEVEL SECURITY;

-- A member reads his own profile, and through it his organisation and its budgets. Writing is the host's
-- business (service_role), so there is no policy for it.
CREATE POLICY user_profiles_own ON efir_budget.user_profiles
  FOR SELECT TO authenticated
  USING (user_id = (SELECT auth.uid()));

CREATE POLICY organizations_member ON efir_budget.organizations
  FOR SELECT TO authenticated
  USING (
    id IN (
      SELECT profile.organization_id
      FROM efir_budget.user_profiles AS profile
      WHERE profile.user_id = (SELECT auth.uid())
    )
  );

CREATE POLICY budget_versions_member ON efir_budget.budget_versions
  FOR SELECT TO authenticated
  USING (
    deleted_at IS NULL
    AND organization_id IN (
      SELECT profile.organization_id
      FROM efir_budget.user_profiles AS profile
      WHERE profile.user_id = (SELECT auth.uid())
    )
  );

GRANT USAGE ON SCHEMA efir_budget TO authenticated, service_role;
GRANT SELECT ON efir_budget.organizations, efir_budget.budget_versions, efir_budget.user_profiles TO authenticated;
GRANT SELECT, INSERT, UPDATE, DELETE
ON efir_budget.organizations, efir_budget.budget_versions, efir_budget.user_profiles
TO service_role;

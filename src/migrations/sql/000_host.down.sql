DROP TABLE efir_budget.user_profiles;
DROP TABLE efir_budget.budget_versions;
DROP TABLE efir_budget.organizations;

-- In one statement, because policies of the one lean on the other.
DROP TABLE efir_budget.user_profiles, efir_budget.budget_versions, efir_budget.organizations;

DROP FUNCTION efir_budget.explain_refusals;
DROP FUNCTION efir_budget.sort_items;
DROP FUNCTION efir_budget.parse_items;
DROP FUNCTION efir_budget.hold_leases;

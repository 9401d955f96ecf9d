CREATE OR REPLACE FUNCTION efir_budget.hold_leases(
  p_budget_version_id uuid, p_items efir_budget.write_item[]
) RETURNS efir_budget.write_item[]
LANGUAGE plpgsql
SET search_path = ''
AS $$
BEGIN
  RETURN p_items;
END
$$;

DROP FUNCTION efir_budget.list_leases;
DROP FUNCTION efir_budget.tell_renewals;
DROP FUNCTION efir_budget.tell_leases;
DROP VIEW efir_budget.live_leases;
DROP TABLE efir_budget.cell_lease_steals;
DROP TABLE efir_budget.cell_leases;
DROP SEQUENCE efir_budget.cell_lease_tokens;

DROP FUNCTION efir_budget.release_leases;
DROP FUNCTION efir_budget.renew_leases;
DROP FUNCTION efir_budget.hold_tokens;
DROP FUNCTION efir_budget.acquire_leases;
DROP FUNCTION efir_budget.sweep_leases;
DROP FUNCTION efir_budget.lease_tokens;
DROP FUNCTION efir_budget.lease_time;

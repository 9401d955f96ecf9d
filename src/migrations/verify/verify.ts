import { parseDescription } from '../describe/description.ts'
import type { Query } from '../query.ts'
import { checkedSchema, forSchema } from '../schema-name.ts'
import committedSchema from '../schema.sql'
import { runChecks, type VerifyCheck } from './checks.ts'
import { gatherFacts } from './facts.ts'

/** What {@link verify} found. */
export type VerifyResult = {
  readonly schema: string
  /** No check of severity `error` failed. */
  readonly ok: boolean
  readonly checks: readonly VerifyCheck[]
}

/**
 * Looks whether a database is as the migrations make it: the tables, indexes, policies and publication that the
 * deployment guide counts, that nothing is open to those it should be closed to, and that nothing drifted from the
 * committed dump of the schema. Reads only.
 *
 * @throws {MigrationError} `invalid_schema`; otherwise only what the query function throws.
 * @example
 * ```ts
 * import { verify, type Query } from '@efir/cells/migrations'
 *
 * declare const query: Query
 * const { ok, checks } = await verify(query)
 * for (const { check, found, hint } of checks.filter((each) => !each.ok)) console.warn(check, found, hint)
 * ```
 */
export async function verify(
  query: Query,
  options: { schema?: string | undefined } = {},
): Promise<VerifyResult> {
  const schema = checkedSchema(options.schema)
  const text = forSchema(committedSchema, schema)
  const expectedServer = Number(/^-- Postgres (\d+)/.exec(text)?.[1])
  const checks = runChecks(await gatherFacts(query, schema, parseDescription(text), expectedServer))
  return { schema, ok: checks.every(({ ok, severity }) => ok || severity === 'warning'), checks }
}

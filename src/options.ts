import { ValidationError } from './errors.ts'
import type { CellsLogger, OnRequest } from './events.ts'
import type { Modules } from './modules/modules.ts'
import { noRules, type ModuleRules } from './modules/rules.ts'
import type { NoModules } from './modules/types.ts'
import type { StreamKind } from './transport/stream.ts'
import type { Patience } from './transport/port.ts'
import { defaultPolicy, withPatience, type RetryPolicy } from './transport/retry-policy.ts'

/** Settings of {@link createCells}. `retry`, `timeout` and `attemptTimeout` can be set for one call as well. */
export interface CellsOptions<M extends Modules = NoModules> extends Patience {
  /**
   * What the application's modules are, made by {@link defineModules}.
   * @default none: every address is possible, every value is exact text
   */
  readonly modules?: M | undefined
  /**
   * The database schema that the migrations were rendered for.
   * @default 'efir_budget'
   */
  readonly databaseSchema?: string | undefined
  /**
   * How live sheets hear of changes. `broadcast`: one message for each commit, from the database, within milliseconds.
   * `postgres_changes`: by the publication `supabase_realtime`, where broadcasts cannot be had; slower. `none`: sheets
   * look from time to time.
   * @default 'broadcast'
   */
  readonly stream?: StreamKind | undefined
  /** Called for every request, as it is sent and as it ends: the place for traces and metrics. */
  readonly onRequest?: OnRequest | undefined
  /**
   * Told of every request (`debug`), refusal (`info`), retry (`warn`) and failed call (`error`): `console`, or anything
   * shaped like it. It gets names, ids, codes and times, never values.
   * @default none
   */
  readonly logger?: CellsLogger | undefined
  /**
   * Lets the logger have values too: the parameters of requests, and errors, which may quote them.
   * @default false
   */
  readonly logValues?: boolean | undefined
}

export interface ResolvedOptions {
  readonly rules: ModuleRules
  readonly databaseSchema: string
  readonly stream: StreamKind
  readonly policy: RetryPolicy
}

const streams: readonly StreamKind[] = ['broadcast', 'postgres_changes', 'none']

/** @throws {ValidationError} where an option is not acceptable. */
export function resolveOptions(options: CellsOptions<Modules>): ResolvedOptions {
  const { databaseSchema = 'efir_budget', stream = 'broadcast', modules } = options
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(databaseSchema)) {
    throw new ValidationError(
      'databaseSchema',
      databaseSchema,
      'an unquoted Postgres identifier, such as efir_budget',
    )
  }
  const rules: ModuleRules = modules ?? noRules
  if (typeof (rules as Partial<ModuleRules>).toTyped !== 'function') {
    throw new ValidationError('modules', modules, 'what defineModules() made')
  }
  if (!streams.includes(stream)) throw new ValidationError('stream', stream, streams.join(', '))
  return { databaseSchema, stream, rules, policy: withPatience(defaultPolicy, options) }
}

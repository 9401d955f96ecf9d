import type { SupabaseCoordinates } from '../../src/local/index.ts'

/** Which Supabase this run tests against: what global-setup.ts hands to every test file. */
type TestEnvironment =
  /** One local stack for the whole run, started by the first file that asks for it. */
  | { readonly kind: 'local'; readonly broker: string }
  /** Somebody's Supabase, named by the environment. */
  | { readonly kind: 'remote'; readonly coordinates: SupabaseCoordinates }

declare module 'vitest' {
  export interface ProvidedContext {
    cells: TestEnvironment
  }
}

const VARIABLES = {
  url: 'CELLS_TEST_URL',
  anonKey: 'CELLS_TEST_ANON_KEY',
  serviceKey: 'CELLS_TEST_SERVICE_KEY',
  jwtSecret: 'CELLS_TEST_JWT_SECRET',
  databaseUrl: 'CELLS_TEST_DATABASE_URL',
} as const satisfies Record<keyof SupabaseCoordinates, string>

/** All five variables or none: half a Supabase would be tested half here and half there. */
export function coordinatesFrom(
  environment: Readonly<Record<string, string | undefined>>,
): SupabaseCoordinates | undefined {
  const entries = Object.entries(VARIABLES).map(
    ([name, variable]) => [name, environment[variable] ?? ''] as const,
  )
  const missing = entries
    .filter(([, value]) => value === '')
    .map(([name]) => VARIABLES[name as keyof typeof VARIABLES])
  if (missing.length === entries.length) return undefined
  if (missing.length > 0) {
    throw new Error(
      `To test against another Supabase, set all of ${Object.values(VARIABLES).join(', ')}; missing: ${missing.join(', ')}.`,
    )
  }
  return Object.fromEntries(entries) as unknown as SupabaseCoordinates
}

/** What names a Supabase in the environment. */
export function environmentOf(coordinates: SupabaseCoordinates): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(VARIABLES).map(([name, variable]) => [
      variable,
      coordinates[name as keyof SupabaseCoordinates],
    ]),
  )
}

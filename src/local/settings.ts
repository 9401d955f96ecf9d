import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { LocalStackError } from './errors.ts'

/** What a directory keeps besides the data: its keys stay the same from one start to the next. */
export interface StackSettings {
  readonly jwtSecret: string
  readonly anonKey: string
  readonly serviceKey: string
  /** Of the cluster's superuser. */
  readonly superuserPassword: string
  /** Of the role `postgres`. */
  readonly ownerPassword: string
}

const NAMES = ['jwtSecret', 'anonKey', 'serviceKey', 'superuserPassword', 'ownerPassword'] as const

const random = (): string => randomBytes(24).toString('base64url')

function isSettings(value: unknown): value is StackSettings {
  return (
    typeof value === 'object' &&
    value !== null &&
    NAMES.every((name) => typeof (value as Partial<Record<string, unknown>>)[name] === 'string')
  )
}

/** Reads the directory's settings, or makes them. */
export function readSettings(directory: string): StackSettings {
  const path = join(directory, 'stack.json')
  if (existsSync(path)) {
    const settings: unknown = JSON.parse(readFileSync(path, 'utf8'))
    if (isSettings(settings)) return settings
    throw new LocalStackError('directory_unusable', `${path} is not a local stack's.`)
  }
  const settings: StackSettings = {
    jwtSecret: random() + random(),
    anonKey: `sb_publishable_${random()}`,
    serviceKey: `sb_secret_${random()}`,
    superuserPassword: random(),
    ownerPassword: random(),
  }
  // Whole or not at all: the passwords must outlive whatever ends this process next.
  const draft = `${path}.draft`
  writeFileSync(draft, JSON.stringify(settings, undefined, 2), { mode: 0o600 })
  renameSync(draft, path)
  return settings
}

import type { Readable, Writable } from 'node:stream'
import { isCellsError } from '../index.ts'
import { MigrationError } from '../migrations/index.ts'
import { withoutSecrets } from './secrets.ts'
import { refusalWords } from './words.ts'

export type Io = {
  readonly stdout: (text: string) => void
  readonly stderr: (text: string) => void
  /** What `-` means as a source and as a sink. */
  readonly input: Readable
  readonly sink: Writable
  /** Where a bar can be drawn, if anywhere. */
  readonly terminal: NodeJS.WriteStream | undefined
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  readonly signal: AbortSignal
}

/** Where a command's words go: results to stdout, everything on the way to stderr, and JSON instead of words on request. */
export class Output {
  readonly #io: Io
  readonly #databaseUrl: string | undefined
  readonly #secrets: readonly string[]
  readonly isJson: boolean

  constructor(
    io: Io,
    options: { json: boolean; databaseUrl?: string | undefined; secrets?: readonly string[] },
  ) {
    this.#io = io
    this.isJson = options.json
    this.#databaseUrl = options.databaseUrl
    this.#secrets = options.secrets ?? []
  }

  /** The command's answer. */
  result(value: object, words: readonly string[]): void {
    this.#print(this.#io.stdout, this.isJson ? JSON.stringify(value, null, 2) : words.join('\n'))
  }

  /** The same where stdout has the data itself. */
  summary(value: object, words: readonly string[]): void {
    this.#print(this.#io.stderr, this.isJson ? JSON.stringify(value, null, 2) : words.join('\n'))
  }

  /** A part of the answer that comes before the rest. Silent with --json. */
  line(words: string): void {
    if (!this.isJson) this.#print(this.#io.stdout, words)
  }

  /** An answer that is there to hand out what opens something: of `dev` alone, and of its own making. */
  handOut(value: object, words: readonly string[]): void {
    this.#io.stdout(`${this.isJson ? JSON.stringify(value, null, 2) : words.join('\n')}\n`)
  }

  /** Something on the way. Silent with --json. */
  progress(words: string): void {
    if (!this.isJson) this.#print(this.#io.stderr, words)
  }

  error(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error)
    const hint = isCellsError(error) ? error.hint : undefined
    if (!this.isJson) {
      const more =
        error instanceof MigrationError && error.adoption !== undefined ? refusalWords(error.adoption) : []
      const advice = hint === undefined ? [] : [`  → ${hint}`]
      this.#print(this.#io.stderr, [`error: ${message}`, ...advice, ...more].join('\n'))
      return
    }
    const told =
      error instanceof MigrationError
        ? { code: error.code, message, file: error.file, adoption: error.adoption }
        : { code: error instanceof Error && 'code' in error ? String(error.code) : 'failed', message, hint }
    this.#print(this.#io.stdout, JSON.stringify({ error: told }, null, 2))
  }

  #print(write: (text: string) => void, text: string): void {
    if (text !== '') write(`${withoutSecrets(text, this.#databaseUrl, this.#secrets)}\n`)
  }
}

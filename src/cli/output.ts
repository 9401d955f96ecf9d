import { MigrationError } from '../migrations/index.ts'
import { withoutSecrets } from './secrets.ts'
import { refusalWords } from './words.ts'

export type Io = {
  readonly stdout: (text: string) => void
  readonly stderr: (text: string) => void
  readonly env: Readonly<Record<string, string | undefined>>
  readonly signal: AbortSignal
}

/** Where a command's words go: results to stdout, everything on the way to stderr, and JSON instead of words on request. */
export class Output {
  readonly #io: Io
  readonly #json: boolean
  readonly #databaseUrl: string | undefined

  constructor(io: Io, options: { json: boolean; databaseUrl?: string | undefined }) {
    this.#io = io
    this.#json = options.json
    this.#databaseUrl = options.databaseUrl
  }

  /** The command's answer. */
  result(value: object, words: readonly string[]): void {
    this.#print(this.#io.stdout, this.#json ? JSON.stringify(value, null, 2) : words.join('\n'))
  }

  /** Something on the way. Silent with --json. */
  progress(words: string): void {
    if (!this.#json) this.#print(this.#io.stderr, words)
  }

  error(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error)
    if (!this.#json) {
      const more =
        error instanceof MigrationError && error.adoption !== undefined ? refusalWords(error.adoption) : []
      this.#print(this.#io.stderr, [`error: ${message}`, ...more].join('\n'))
      return
    }
    const told =
      error instanceof MigrationError
        ? { code: error.code, message, file: error.file, adoption: error.adoption }
        : { code: error instanceof Error && 'code' in error ? String(error.code) : 'failed', message }
    this.#print(this.#io.stdout, JSON.stringify({ error: told }, null, 2))
  }

  #print(write: (text: string) => void, text: string): void {
    if (text !== '') write(`${withoutSecrets(text, this.#databaseUrl)}\n`)
  }
}

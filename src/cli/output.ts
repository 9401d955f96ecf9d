import type { Readable, Writable } from 'node:stream'
import { isCellsError } from '../index.ts'
import { MigrationError } from '../migrations/index.ts'
import { highlight } from './highlight.ts'
import { printable } from './printable.ts'
import { withoutSecrets } from './secrets.ts'
import { refusalWords } from './words.ts'
import { wrap } from './wrap.ts'

/** How wide it is, in characters, and whether it shows colours. */
export type Screen = { readonly columns: number; readonly hasColors: boolean }

export type Io = {
  readonly stdout: (text: string) => void
  readonly stderr: (text: string) => void
  /** What `-` means as a source and as a sink. */
  readonly input: Readable
  readonly sink: Writable
  /** Where a bar can be drawn, if anywhere. */
  readonly terminal: NodeJS.WriteStream | undefined
  /** Whether somebody sits there who can be asked. */
  readonly isInteractive: boolean
  /** Which of the two a person looks at. */
  readonly screens: Readonly<Record<'stdout' | 'stderr', Screen | undefined>>
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  readonly signal: AbortSignal
}

/** `ndjson`: a list as JSON lines, each as it comes. */
type OutputFormat = 'words' | 'json' | 'ndjson'

type OutputOptions = {
  readonly format: OutputFormat
  readonly databaseUrl?: string | undefined
  readonly secrets?: readonly string[]
}

/** Where a command's words go: results to stdout, everything on the way to stderr, and JSON instead of words on request. */
export class Output {
  readonly #io: Io
  readonly #databaseUrl: string | undefined
  readonly #secrets: readonly string[]
  readonly format: OutputFormat

  constructor(io: Io, { format, databaseUrl, secrets = [] }: OutputOptions) {
    this.#io = io
    this.format = format
    this.#databaseUrl = databaseUrl
    this.#secrets = secrets
  }

  get isJson(): boolean {
    return this.format !== 'words'
  }

  /** The command's answer. */
  result(value: object, words: readonly string[]): void {
    this.#print('stdout', this.isJson ? this.#toJson(value) : words.join('\n'))
  }

  /** The same where stdout has the data itself. */
  summary(value: object, words: readonly string[]): void {
    this.#print('stderr', this.isJson ? this.#toJson(value) : words.join('\n'))
  }

  /** A part of the answer that comes before the rest. Silent with --json. */
  line(words: string): void {
    if (!this.isJson) this.#print('stdout', words)
  }

  /** An answer that is there to hand out what opens something: of `dev` alone, and of its own making. */
  handOut(value: object, words: readonly string[]): void {
    this.#io.stdout(`${this.isJson ? this.#toJson(value) : words.join('\n')}\n`)
  }

  /** Something on the way. Silent with --json. */
  progress(words: string): void {
    if (!this.isJson) this.#print('stderr', words)
  }

  error(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error)
    const hint = isCellsError(error) ? error.hint : undefined
    if (!this.isJson) {
      const more =
        error instanceof MigrationError && error.adoption !== undefined ? refusalWords(error.adoption) : []
      const advice = hint === undefined ? [] : [`  → ${hint}`]
      this.#print('stderr', [`error: ${message}`, ...advice, ...more].join('\n'))
      return
    }
    const told =
      error instanceof MigrationError
        ? { code: error.code, message, file: error.file, adoption: error.adoption }
        : { code: error instanceof Error && 'code' in error ? String(error.code) : 'failed', message, hint }
    // Whoever reads lines takes each for an item.
    this.#print(this.format === 'ndjson' ? 'stderr' : 'stdout', this.#toJson({ error: told }))
  }

  #toJson(value: object): string {
    return JSON.stringify(value, null, this.format === 'ndjson' ? 0 : 2)
  }

  #print(where: 'stdout' | 'stderr', text: string): void {
    if (text === '') return
    const clean = printable(withoutSecrets(text, this.#databaseUrl, this.#secrets))
    const screen = this.isJson ? undefined : this.#io.screens[where]
    const wrapped = screen === undefined ? clean : wrap(clean, screen.columns)
    this.#io[where](`${screen?.hasColors === true ? highlight(wrapped) : wrapped}\n`)
  }
}

import { InvalidArgumentError, type Command } from 'commander'
import { CommandError } from './exit-codes.ts'
import type { Io, Output } from './output.ts'
import type { Settings } from './settings.ts'

/** One run of a command: what it was called with, and where it speaks. */
export type Run<Options> = {
  readonly options: Options & { readonly schema: string }
  readonly arguments: readonly string[]
  readonly settings: Settings
  readonly io: Io
  readonly output: Output
}

/** Makes the action of a command, which never lets an error or a secret out. */
export type MakeAction = <Options>(
  work: (run: Run<Options>) => Promise<number>,
) => (...given: unknown[]) => Promise<void>

/** A set of options that several commands share. */
export type Flags = (command: Command) => Command

/** A command with what all have. */
export function addCommand(
  parent: Command,
  name: string,
  description: string,
  ...flags: readonly Flags[]
): Command {
  const made = commonFlags(parent.command(name).description(description))
  return flags.reduce((command, add) => add(command), made)
}

const commonFlags: Flags = (command) =>
  command
    .option('--schema <name>', 'the schema of the tables; else CELLS_SCHEMA, else efir_budget')
    .option('--config <file>', 'the configuration; else efir-cells.config.json')
    .option('--json', 'answer in JSON')

export const databaseFlags: Flags = (command) =>
  command.option('--db-url <url>', 'the database; else SUPABASE_DB_URL, else DATABASE_URL')

export const budgetFlags: Flags = (command) =>
  command
    .option('--url <url>', 'the project; else SUPABASE_URL')
    .option('--key <key>', 'its key; else SUPABASE_SERVICE_ROLE_KEY, or SUPABASE_ANON_KEY with a token')
    .option('--token <jwt>', "a user's access token; else CELLS_ACCESS_TOKEN")
    .option('--budget <id>', 'the budget version; else CELLS_BUDGET')

export const examples = (...lines: string[]) =>
  `\nExamples:\n${lines.map((line) => `  $ ${broken(line)}`).join('\n')}`

/** Breaks a command before an option, as a shell lets it be. */
function broken(line: string): string {
  const end = line.length <= 76 ? -1 : line.lastIndexOf(' --', 74)
  return end < 0 ? line : `${line.slice(0, end)} \\\n      ${broken(line.slice(end + 1))}`
}

export const milliseconds = wholeNumber('It is a whole number of milliseconds.')
export const whole = wholeNumber('It is a whole number, 1 or more.')

function wholeNumber(message: string): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError(message)
    return value
  }
}

/** For options that may be given several times. */
export function gather(text: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), text]
}

/** The first argument of a command that has one; commander has seen to it. */
export function firstOf(given: readonly string[]): string {
  const [first] = given
  if (first === undefined) throw new CommandError('usage', 'An argument is missing.')
  return first
}

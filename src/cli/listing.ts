import { InvalidArgumentError } from 'commander'
import { whole, type Flags } from './command.ts'
import type { Output } from './output.ts'

/** What commands that list something have. */
export type ListFlags = { readonly limit: number }

export const listFlags: Flags = (command) =>
  command
    .option('--limit <count>', 'at most so many, or "all"', toLimit, 100)
    .option('--ndjson', 'answer in JSON lines, each as it comes')

function toLimit(text: string): number {
  if (text === 'all') return Infinity
  try {
    return whole(text)
  } catch {
    throw new InvalidArgumentError('It is a whole number, 1 or more, or "all".')
  }
}

/** Tells a list page by page; only JSON, which is one value, waits for the end. */
export class Listing<Item extends object> {
  readonly #output: Output
  readonly #words: (items: readonly Item[]) => readonly string[]
  /** Those that JSON waits for. */
  readonly items: Item[] = []
  count = 0

  constructor(output: Output, words: (items: readonly Item[]) => readonly string[]) {
    this.#output = output
    this.#words = words
  }

  add(items: readonly Item[]): void {
    this.count += items.length
    if (items.length === 0) return
    if (this.#output.format === 'json') this.items.push(...items)
    else if (this.#output.format === 'ndjson') for (const item of items) this.#output.result(item, [])
    else this.#output.line(this.#words(items).join('\n'))
  }

  /** Takes pages until there are enough; says whether something was left. */
  async take(pages: AsyncIterable<readonly Item[]>, limit: number): Promise<boolean> {
    for await (const page of pages) {
      const left = limit - this.count
      this.add(page.slice(0, left))
      if (page.length > left) return true
    }
    return false
  }

  /** What comes after the last of them. */
  end(rest: object, name: string, words: readonly string[]): void {
    if (this.#output.format === 'json') this.#output.result({ [name]: this.items, ...rest }, [])
    else for (const line of words) this.#output.progress(line)
  }
}

/** Rows under one another, each column as wide as its widest. */
export function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = []
  for (const row of rows) {
    row.forEach((part, column) => (widths[column] = Math.max(widths[column] ?? 0, part.length)))
  }
  return rows.map((row) =>
    row
      .map((part, column) => part.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}

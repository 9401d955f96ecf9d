import { parseArgs } from 'node:util'

export interface BenchOptions {
  readonly suite: string
  /** 1 is the full size. */
  readonly scale: number
  readonly fresh: boolean
  readonly json: string | undefined
  /** Whether the file's rows of earlier runs stay. */
  readonly add: boolean
  /** Only rows whose name begins so. */
  readonly only: string
}

/** The command line was not understood; the message says what about it. */
export class UsageError extends Error {}

export const usage = (suites: readonly string[]): string =>
  `npm run bench -- SUITE [--small] [--json FILE [--add]] [--only ROWS] [--fresh]

  SUITE        ${suites.join(', ')}
  --small      a tenth of the data
  --json FILE  writes the rows as JSON, too, each as soon as it is measured
  --add        keeps the rows that FILE has from earlier runs, for a suite that is run in pieces (see --only)
  --only ROWS  only rows whose name begins with ROWS, e.g. "write." (a row that another needs is measured too)
  --fresh      makes the data anew, where it is kept from an earlier run`

export function parseOptions(argv: readonly string[], suites: readonly string[]): BenchOptions {
  const { values, positionals } = parse(argv)
  const [suite, ...rest] = positionals
  if (suite === undefined) throw new UsageError('Which suite?')
  if (!suites.includes(suite)) {
    throw new UsageError(`There is no suite "${suite}". There is: ${suites.join(', ')}.`)
  }
  if (rest.length > 0) throw new UsageError(`One suite at a time; what is "${rest.join(' ')}"?`)
  const scale = values.scale === undefined ? (values.small ? 0.1 : 1) : Number(values.scale)
  if (!(scale > 0 && scale <= 1))
    throw new UsageError(`--scale is above 0 and at most 1, not "${values.scale}".`)
  if (values.json === '') throw new UsageError('--json needs the name of a file.')
  if (values.add && values.json === undefined) throw new UsageError('--add needs --json FILE to add to.')
  return { suite, scale, fresh: values.fresh, json: values.json, add: values.add, only: values.only }
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        small: { type: 'boolean', default: false },
        json: { type: 'string' },
        add: { type: 'boolean', default: false },
        only: { type: 'string', default: '' },
        fresh: { type: 'boolean', default: false },
        // For the bench's own test: another size than the two that are compared over time.
        scale: { type: 'string' },
      },
    })
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause), { cause })
  }
}

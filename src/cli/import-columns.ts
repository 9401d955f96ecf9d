import type { ColumnSource, ImportColumns } from '../import/index.ts'
import { CommandError } from './exit-codes.ts'

/** Which column is what, as flags say it. */
export type ColumnFlags = {
  readonly column?: readonly string[]
  readonly constant?: readonly string[]
  readonly periods?: string
}

const parts = ['module', 'entity', 'field', 'period', 'kind', 'value'] as const

/** `undefined` where no flag says anything: columns as an export has them. */
export function toColumns({ column = [], constant = [], periods }: ColumnFlags): ImportColumns | undefined {
  if (column.length + constant.length === 0 && periods === undefined) return undefined
  const sources: Partial<Record<string, ColumnSource>> = {
    ...Object.fromEntries(column.map((text) => pair('--column', text))),
    ...Object.fromEntries(
      constant.map((text) => {
        const [part, value] = pair('--constant', text)
        return [part, { value }]
      }),
    ),
  }
  const { period, value, module = 'module', field = 'field', entity, kind } = sources
  const address = { module, field, entity, kind }
  if (periods === undefined) return { ...address, period, value: value ?? 'value' }
  if (period !== undefined || value !== undefined) {
    throw new CommandError(
      'usage',
      'With --periods the columns are the periods: no column is period or value.',
    )
  }
  return { ...address, periods: toPeriods(periods) }
}

function pair(flag: string, text: string): [string, string] {
  const [part = '', ...rest] = text.split('=')
  if (!parts.includes(part as never) || rest.length === 0) {
    throw new CommandError('usage', `${flag} ${text}: it is a part (${parts.join(', ')}), = and a text.`)
  }
  return [part, rest.join('=')]
}

function toPeriods(text: string): readonly string[] | RegExp {
  const pattern = /^\/(.*)\/$/.exec(text)?.[1]
  if (pattern === undefined) return text.split(',').map((name) => name.trim())
  try {
    return new RegExp(pattern)
  } catch (cause) {
    throw new CommandError('usage', `--periods ${text}: it is no regular expression.`, { cause })
  }
}

import { useMemo } from 'react'
import type { VisibleCell } from '../index.ts'
import { useSurroundings } from './contexts.ts'

/** How numbers, values and times are written in the provider's language. */
export interface Formats {
  /** As BCP 47. */
  readonly locale: string
  /** An exact decimal, with all of its digits: it never passes through a float. */
  readonly number: (decimal: string) => string
  /** A cell's value; the empty text for an empty cell, or none. */
  readonly value: (cell: Pick<VisibleCell, 'kind' | 'value'> | null) => string
  /** A date with its time, given as ISO 8601. */
  readonly dateTime: (iso: string) => string
  /** How long ago, or how far ahead, given as ISO 8601: "5 minutes ago". */
  readonly relative: (iso: string) => string
}

const units = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['week', 604_800],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
] as const

/** How numbers, values and times are written in the provider's language: the same object until that changes. */
export function useFormats(): Formats {
  const { locale } = useSurroundings()
  return useMemo(() => formatsIn(locale), [locale])
}

function formatsIn(locale: string): Formats {
  const numbers = new Intl.NumberFormat(locale, { maximumFractionDigits: 4 })
  const times = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' })
  const distances = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' })
  const number = (decimal: string) => numbers.format(decimal as Intl.StringNumericLiteral)
  return {
    locale,
    number,
    value: (cell) => {
      if (cell?.value === null || cell === null) return ''
      return cell.kind === 'number' ? number(cell.value) : cell.value
    },
    dateTime: (iso) => times.format(new Date(iso)),
    relative: (iso) => {
      const seconds = (new Date(iso).getTime() - Date.now()) / 1000
      const [unit, size] = units.find(([, least]) => Math.abs(seconds) >= least) ?? (['second', 1] as const)
      // Clocks differ: what was done just now may lie a little ahead.
      return distances.format(unit === 'second' ? 0 : Math.trunc(seconds / size), unit)
    },
  }
}

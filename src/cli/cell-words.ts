import type { CellAddress } from '../index.ts'

/** A cell by its address: `revenue / – / fees / 2026`. */
export function cellWords({ module, entity, field, period }: CellAddress): string {
  return [module, entity ?? '–', field, period ?? '–'].join(' / ')
}

/** What a cell holds, or held. */
export function valueWords(cell: { readonly exists: boolean; readonly value: string | null }): string {
  return cell.exists ? (cell.value ?? 'empty') : 'nothing'
}

/** To the second, and so that it can be given to --since and --as-of. */
export function timeWords(at: string): string {
  return new Date(at).toISOString().replace(/\.\d+Z$/, 'Z')
}

/** `1 cell`, `2,000 cells`. */
export function countOf(count: number, noun: string): string {
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`
}

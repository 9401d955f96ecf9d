import { toStoredValue, type Cell, type CellInput } from '../../index.ts'
import { useFormats } from '../use-formats.ts'
import { useTexts } from '../use-people.ts'

/** A value to be shown. */
export interface ShownValue {
  readonly kind: Cell['kind'] | 'deleted'
  /** In the user's language; never empty. */
  readonly text: string
}

/** How values are shown: exact decimals as numbers of the user's language, nothing as a word. */
export interface ValueFormat {
  cell(cell: Pick<Cell, 'kind' | 'value'> & { readonly exists?: boolean }): ShownValue
  input(value: CellInput, isDeletion?: boolean): ShownValue
}

/** The format of the user's language. */
export function useValueFormat(): ValueFormat {
  const texts = useTexts()
  const formats = useFormats()
  const show = (kind: Cell['kind'], value: string | null): ShownValue =>
    value === null || value === ''
      ? { kind: 'empty', text: texts.emptyValue }
      : { kind, text: kind === 'number' ? formats.number(value) : value }
  const deleted: ShownValue = { kind: 'deleted', text: texts.deletedValue }
  return {
    cell: ({ kind, value, exists = true }) => (exists ? show(kind, value) : show('empty', null)),
    input: (value, isDeletion = false) => {
      if (isDeletion) return deleted
      const { number, text } = toStoredValue(value)
      return number !== null ? show('number', number) : show(text === null ? 'empty' : 'text', text)
    },
  }
}

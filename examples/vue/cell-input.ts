import { defineComponent, h } from 'vue'
import type { CellAddress, Sheet } from '@efir/cells'
import { useStore } from './use-store.ts'

export const CellInput = defineComponent(
  ({ sheet, address }: { sheet: Sheet; address: CellAddress }) => {
    const cell = useStore(sheet.cell(address))
    return () =>
      h('input', {
        value: cell.value.value ?? '',
        'aria-busy': cell.value.isPending,
        onChange: (event: Event) => sheet.set(address, (event.target as HTMLInputElement).value || null),
      })
  },
  { props: ['sheet', 'address'] },
)

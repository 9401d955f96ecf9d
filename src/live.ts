import { load } from './load.ts'
import type { LiveContext } from './sheet/open.ts'
import type { ModuleRules } from './modules/rules.ts'
import type { Sheet } from './sheet/sheet.ts'
import type { OpenOptions, SheetFilter } from './sheet/sheet-types.ts'

/** Opens a sheet of a budget. */
export type OpenSheet = (
  budgetVersionId: string,
  filter: SheetFilter,
  options: OpenOptions,
  rules: ModuleRules,
) => Promise<Sheet>

/** The door to live sheets; what is behind it is loaded when the first one is opened. */
export function sheetOpener(context: LiveContext): OpenSheet {
  return async (budgetVersionId, filter, options, rules) => {
    options.signal?.throwIfAborted()
    const { openSheet } = await load(() => import('./sheet/open.ts'))
    return openSheet(context, budgetVersionId, filter, options, rules)
  }
}

import { useEffect, useMemo, useState, type ReactNode } from 'react'
import {
  ValidationError,
  type Budget,
  type CellsSnapshot,
  type ConflictPolicy,
  type Modules,
  type NoModules,
  type OpenOptions,
  type PresenceOptions,
  type Sheet,
  type SheetFilter,
} from '../index.ts'
import { SurroundingsContext, ViewContext, type PersonName } from './contexts.ts'
import { claimView, findEarlyView } from './early-views.ts'
import type { ConnectionSettings } from './sheet-connection.ts'
import { filterKey, normalFilter } from './sheet-filter.ts'
import { SheetView } from './sheet-view.ts'
import { english } from './texts/english.ts'
import type { CellsTexts } from './texts/texts.ts'
import { useCommentNotices } from './use-comment-notices.ts'

/** What a provider is given: a budget to open a sheet of, or a sheet. */
export interface CellsProviderProps<M extends Modules = NoModules> {
  /** The budget. A sheet of it is opened, and closed when the provider is gone. Needed for comments, locks and history. */
  readonly budget?: Budget<M> | undefined
  /** A sheet that the application opened and will close, in place of one of the provider's own. */
  readonly sheet?: Sheet | undefined
  /**
   * The cells of the sheet; compared by content. Another filter, or another budget, opens another sheet.
   * @default the whole budget
   */
  readonly filter?: SheetFilter | undefined
  /** Lets the user be seen by the others who have the budget open: see `OpenOptions`. */
  readonly presence?: PresenceOptions | undefined
  /**
   * What becomes of a write that somebody else was faster than: see `OpenOptions`. A function may be another one with every
   * render.
   * @default 'reject'
   */
  readonly onConflict?: ConflictPolicy | undefined
  /**
   * Keeps writes that are not confirmed where they outlive the page: see `OpenOptions`.
   * @default false
   */
  readonly persist?: OpenOptions['persist']
  /**
   * What a server read with `budget.snapshot(filter)`, and rendered: shown by the server and while React hydrates. The sheet
   * goes on from it, and reads only what changed since. Of another budget or filter it is left alone.
   */
  readonly initial?: CellsSnapshot | undefined
  /** What users are called. Without it, or where it has no name, presence tells. Keep it the same between renders. */
  readonly people?: ((userId: string) => PersonName | null | undefined) | undefined
  /**
   * Who is signed in: what is his own can be edited.
   * @default the user whom presence shows as `me`
   */
  readonly userId?: string | null | undefined
  /** Texts in place of some of the English ones, or all. Keep it the same between renders. */
  readonly texts?: Partial<CellsTexts> | undefined
  /**
   * The language of numbers and dates, as BCP 47.
   * @default that of the texts
   */
  readonly locale?: string | undefined
  readonly children?: ReactNode
}

/**
 * Opens a live sheet of a budget for the components inside it, and closes it when it is gone. Children are rendered at
 * once. Works in StrictMode, with Suspense, and on a server.
 *
 * @example
 * ```tsx
 * import type { Budget } from '@efir/cells'
 * import { CellsProvider, usePlanningCell } from '@efir/cells/react'
 *
 * export function App({ budget }: { budget: Budget }) {
 *   return (
 *     <CellsProvider budget={budget} filter={{ module: 'revenue' }}>
 *       <Growth />
 *     </CellsProvider>
 *   )
 * }
 *
 * function Growth() {
 *   const { value, isReady, set } = usePlanningCell({ module: 'revenue', field: 'growth', period: '2026' })
 *   if (!isReady) return <p>…</p>
 *   return <input value={value ?? ''} onChange={(event) => set(event.target.value)} />
 * }
 * ```
 */
export function CellsProvider<M extends Modules = NoModules>(props: CellsProviderProps<M>): ReactNode {
  const { people, userId, texts, onConflict, children } = props
  const budget = props.budget as unknown as Budget | undefined
  const view = useSheetView({ ...props, budget })
  useEffect(() => {
    const letGo = view.hold()
    claimView(view)
    return letGo
  }, [view])
  useEffect(() => view.connection.follow(onConflict), [view, onConflict])
  useCommentNotices(view, budget)
  const allTexts = useMemo(() => (texts === undefined ? english : { ...english, ...texts }), [texts])
  const locale = props.locale ?? allTexts.locale
  const surroundings = useMemo(
    () => ({ budget, people, userId, texts: allTexts, locale }),
    [budget, people, userId, allTexts, locale],
  )
  return (
    <ViewContext.Provider value={view}>
      <SurroundingsContext.Provider value={surroundings}>{children}</SurroundingsContext.Provider>
    </ViewContext.Provider>
  )
}

/** The view of what the provider is given now; another one where that is another budget, filter or sheet. */
function useSheetView(props: CellsProviderProps): SheetView {
  const { budget, sheet, initial } = props
  const key = keyOf(props)
  const [held, setHeld] = useState(() => openView(props, key, undefined))
  const isSame =
    held.settings.key === key &&
    held.settings.given === sheet &&
    (sheet !== undefined || held.settings.budget === budget)
  if (isSame) return held
  const before = sheet === undefined && held.settings.budget === budget ? held : undefined
  const view = openView({ ...props, initial }, key, before)
  setHeld(view)
  return view
}

function openView(props: CellsProviderProps, key: string, before: SheetView | undefined): SheetView {
  const { budget, sheet, filter = {}, presence, onConflict, persist, initial } = props
  if (budget === undefined && sheet === undefined) {
    throw new ValidationError('budget', undefined, 'a budget of createCells(), or a sheet')
  }
  const early = sheet === undefined && budget !== undefined ? findEarlyView(budget, key) : undefined
  if (early !== undefined) return early
  const isOfThese =
    initial?.budgetVersionId === budget?.id && filterKey(initial?.filter ?? {}) === filterKey(filter)
  const fitting = sheet !== undefined || isOfThese ? initial : undefined
  const settings: ConnectionSettings = {
    key,
    budget,
    given: sheet,
    filter: sheet === undefined ? normalFilter(filter) : {},
    options: { presence, onConflict, persist, initial: fitting },
  }
  return new SheetView(settings, { initial: fitting, before })
}

/** Equal for sheets that would be opened in the same way. */
function keyOf({
  sheet,
  filter = {},
  presence,
  onConflict = 'reject',
  persist = false,
}: CellsProviderProps): string {
  if (sheet !== undefined) return 'given'
  const policy = typeof onConflict === 'function' ? 'function' : onConflict
  const storage = typeof persist === 'object' ? 'own' : persist
  return JSON.stringify([
    filterKey(filter),
    presence === undefined ? 0 : [presence.name, presence.avatar],
    policy,
    storage,
  ])
}

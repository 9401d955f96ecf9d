import { useCallback, useEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react'
import {
  cellKey,
  parseCellKey,
  type AcquireOptions,
  type CellAddress,
  type CellKey,
  type Lease,
  type LockResult,
  type SheetLease,
} from '../index.ts'
import { usePlanningCell } from './use-planning-cell.ts'
import { useBudget, useSheet } from './use-sheet.ts'

/** Who holds the lease of a cell: the server says so, so it is proven. */
export interface LeaseHolder {
  readonly userId: string
  /** ISO 8601, by the database's clock. */
  readonly acquiredAt: string
  /** When it lapses unless it is renewed: ISO 8601, by the database's clock. */
  readonly expiresAt: string
}

/** Whether a cell can be written, and who is editing it. */
export interface CellLockView {
  /** Whether it is locked for everybody: approved, or calculated. */
  readonly isLocked: boolean
  readonly reason: string | null
  /** Locks it for everybody: see `Locks.lock`. */
  readonly lock: (reason?: string) => Promise<LockResult>
  /** Unlocks it: see `Locks.unlock`. */
  readonly unlock: () => Promise<LockResult>
  /** Whether something that was asked for here is under way. */
  readonly isBusy: boolean
  /** What the last of it was refused with. */
  readonly error: Error | null
  /** Who else is editing it, as it happens. */
  readonly holder: LeaseHolder | null
  /** Whether the user holds its lease, here or in another window. */
  readonly isMine: boolean
  /** Acquires its lease, until it is released or the component is gone: see `Leases.acquire`. */
  readonly acquire: (options?: AcquireOptions) => Promise<Lease | null>
  /** Releases its lease, where the component holds it. */
  readonly release: () => Promise<void>
}

/**
 * Whether a cell is locked, who is editing it, and the means to lock it or to say that one is editing it oneself.
 *
 * @throws {ValidationError} where it is not an address, or the provider has no budget.
 * @example
 * ```tsx
 * import type { CellAddress } from '@efir/cells'
 * import { useCellLock, usePeople } from '@efir/cells/react'
 *
 * export function Badge({ cell }: { cell: CellAddress }) {
 *   const { isLocked, reason, holder } = useCellLock(cell)
 *   const person = usePeople()
 *   if (isLocked) return <span title={reason ?? undefined}>Locked</span>
 *   return holder && <span>{person(holder.userId).name} is editing</span>
 * }
 * ```
 */
export function useCellLock(address: CellAddress): CellLockView {
  const budget = useBudget()
  const key = cellKey(address)
  const { isLocked, lockReason: reason } = usePlanningCell(address)
  const told = useLeaseOf(key)
  const [lease, setLease] = useState<Lease | null>(null)
  const { isBusy, error, run } = useAction()
  const here = useRef<{ readonly gone: AbortController; lease: Lease | null } | null>(null)
  useEffect(() => {
    const place = { gone: new AbortController(), lease: null as Lease | null }
    here.current = place
    return () => {
      place.gone.abort()
      place.lease?.release().catch(() => undefined)
    }
  }, [budget, key])
  const actions = useMemo(() => {
    const cells = [parseCellKey(key)]
    return {
      lock: (why?: string) => run(() => budget.locks.lock({ cells }, { reason: why })),
      unlock: () => run(() => budget.locks.unlock({ cells })),
      acquire: (options: AcquireOptions = {}) =>
        run(async () => {
          const place = here.current
          const signal = either(place?.gone.signal, options.signal)
          const acquired = await budget.leases.acquire(parseCellKey(key), { ...options, signal })
          if (acquired === null || place === null) return acquired
          if (place.gone.signal.aborted) void acquired.release().catch(() => undefined)
          place.lease = acquired
          setLease(acquired)
          acquired.signal.addEventListener('abort', () => setLease((now) => (now === acquired ? null : now)))
          return acquired
        }),
      release: () =>
        run(async () => {
          const released = here.current?.lease
          if (here.current !== null) here.current.lease = null
          setLease(null)
          await released?.release()
        }),
    }
  }, [budget, key, run])
  return useMemo(() => {
    const isMine = lease?.key === key || told?.isMine === true
    const holder = told === null || isMine ? null : holderOf(told)
    return { isLocked, reason, isBusy, error, holder, isMine, ...actions }
  }, [isLocked, reason, isBusy, error, told, lease, key, actions])
}

const never = () => () => undefined

/** Whose lease the cell is under, as the database tells. Followed from the first component on that asks. */
function useLeaseOf(key: CellKey): SheetLease | null {
  const sheet = useSheet()
  const address = useMemo(() => parseCellKey(key), [key])
  const subscribe = useMemo(
    () => (sheet === null ? never : (listener: () => void) => sheet.leases.subscribe(listener)),
    [sheet],
  )
  return useSyncExternalStore(
    subscribe,
    () => sheet?.leases.at(address) ?? null,
    () => null,
  )
}

/** Aborted with either of them. */
function either(...signals: readonly (AbortSignal | undefined)[]): AbortSignal {
  const both = new AbortController()
  for (const signal of signals) {
    if (signal?.aborted === true) both.abort(signal.reason)
    signal?.addEventListener('abort', () => both.abort(signal.reason), { once: true })
  }
  return both.signal
}

function holderOf({ heldBy, acquiredAt, expiresAt }: SheetLease): LeaseHolder {
  return { userId: heldBy, acquiredAt, expiresAt }
}

/** Runs what the user asked for, and says how it goes. */
function useAction() {
  const [running, setRunning] = useState(0)
  const [error, setError] = useState<Error | null>(null)
  const run = useCallback(async <Answer>(work: () => Promise<Answer>): Promise<Answer> => {
    setRunning((count) => count + 1)
    setError(null)
    try {
      return await work()
    } catch (refusal) {
      setError(refusal as Error)
      throw refusal
    } finally {
      setRunning((count) => count - 1)
    }
  }, [])
  return { isBusy: running > 0, error, run }
}

import { useCallback, useEffect, useMemo, useRef, useState } from 'react'
import {
  cellKey,
  parseCellKey,
  type AcquireOptions,
  type CellAddress,
  type Lease,
  type LockResult,
} from '../index.ts'
import { resourcesOf } from './resources.ts'
import { usePlanningCell } from './use-planning-cell.ts'
import { useResource } from './use-resource.ts'
import { useBudget } from './use-sheet.ts'

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
  /** Who else is editing it. */
  readonly holder: LeaseHolder | null
  /** Whether this component holds its lease. */
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
  const { data } = useResource(
    'leases',
    '',
    ({ leases }) =>
      (signal) =>
        leases.list({ signal }),
  )
  const [lease, setLease] = useState<Lease | null>(null)
  const { isBusy, error, run } = useAction()
  const held = useRef<Lease | null>(null)
  useEffect(
    () => () => {
      void held.current?.release().catch(() => undefined)
      held.current = null
    },
    [budget, key],
  )
  const actions = useMemo(() => {
    const cells = [parseCellKey(key)]
    const told = () => resourcesOf(budget).refresh('leases')
    return {
      lock: (why?: string) => run(() => budget.locks.lock({ cells }, { reason: why })),
      unlock: () => run(() => budget.locks.unlock({ cells })),
      acquire: (options: AcquireOptions = {}) =>
        run(async () => {
          const acquired = await budget.leases.acquire(parseCellKey(key), options)
          held.current = acquired
          setLease(acquired)
          acquired?.signal.addEventListener('abort', () => {
            if (held.current === acquired) held.current = null
            setLease((current) => (current === acquired ? null : current))
          })
          void told()
          return acquired
        }),
      release: () =>
        run(async () => {
          const released = held.current
          held.current = null
          setLease(null)
          await released?.release()
          void told()
        }),
    }
  }, [budget, key, run])
  const other = data?.find((one) => cellKey(one.address) === key && one.token === null)
  return useMemo(() => {
    const holder = other && { userId: other.heldBy, acquiredAt: other.acquiredAt, expiresAt: other.expiresAt }
    return { isLocked, reason, isBusy, error, holder: holder ?? null, isMine: lease?.key === key, ...actions }
  }, [isLocked, reason, isBusy, error, other, lease, key, actions])
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

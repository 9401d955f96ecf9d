import type { ReactElement } from 'react'
import { cellKey, type CellAddress } from '../../index.ts'
import { Avatar } from '../parts/avatar.tsx'
import { classNames } from '../parts/class-names.ts'
import { Icon } from '../parts/icon.tsx'
import { useCellLock } from '../use-cell-lock.ts'
import { usePeople, useTexts } from '../use-people.ts'
import { usePeopleAt } from '../use-presence.ts'

/** For {@link CellLockBadge}. */
export interface CellLockBadgeProps {
  readonly address: CellAddress
  /**
   * `icon` fits into a cell; its words are there for screen readers, and as a tooltip.
   * @default 'text'
   */
  readonly size?: 'text' | 'icon' | undefined
  readonly className?: string | undefined
}

/**
 * Why a cell takes no value: it is locked, and why; or somebody is editing it just now, who holds its lease or says so by
 * presence. Nothing where neither is so.
 *
 * @example
 * ```tsx
 * import { CellLockBadge } from '@efir/cells/react'
 *
 * const badge = <CellLockBadge address={{ module: 'staff', field: 'posts', period: '2026' }} />
 * void badge
 * ```
 */
export function CellLockBadge({
  address,
  size = 'text',
  className,
}: CellLockBadgeProps): ReactElement | null {
  const texts = useTexts()
  const personOf = usePeople()
  const { isLocked, reason, holder } = useCellLock(address)
  const key = cellKey(address)
  const editing = usePeopleAt(address).find(({ places }) =>
    places.some(
      ({ cell, mode, isIdle }) => mode === 'editing' && !isIdle && cell !== null && cellKey(cell) === key,
    ),
  )
  const editor = holder?.userId ?? editing?.userId
  if (!isLocked && editor === undefined) return null
  const person = isLocked || editor === undefined ? null : personOf(editor)
  const text = person === null ? texts.lockedFor(reason) : texts.editedBy(person.name)
  return (
    <span
      className={classNames(
        'efir-cells-lock',
        person === null ? 'efir-cells-lock--locked' : 'efir-cells-lock--editing',
        size === 'icon' && 'efir-cells-lock--icon',
        className,
      )}
      title={text}
    >
      {person === null ? <Icon name="lock" /> : <Avatar {...person} />}
      <span className={size === 'icon' ? 'efir-cells-hidden' : 'efir-cells-ellipsis'}>{text}</span>
    </span>
  )
}

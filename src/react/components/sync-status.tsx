import type { ReactElement } from 'react'
import type { PendingWrite } from '../../index.ts'
import { classNames } from '../parts/class-names.ts'
import { Failure } from '../parts/failure.tsx'
import { Icon } from '../parts/icon.tsx'
import { Popover } from '../parts/popover.tsx'
import { RefusedWrite } from '../parts/refused-write.tsx'
import { useConflicts, useRejectedWrites } from '../use-conflicts.ts'
import { useTexts } from '../use-people.ts'
import { useSyncStatus } from '../use-sync-status.ts'

/** For {@link SyncStatus}. */
export interface SyncStatusProps {
  readonly className?: string | undefined
}

/**
 * How far what is shown can be relied on, how many changes are on their way, and which were refused: with the reason, and
 * buttons that try again or discard. That the connection is lost, or changes were refused, is announced.
 *
 * @example
 * ```tsx
 * import { SyncStatus } from '@efir/cells/react'
 *
 * const status = <SyncStatus />
 * void status
 * ```
 */
export function SyncStatus({ className }: SyncStatusProps): ReactElement {
  const texts = useTexts()
  const { state, pendingWrites, error, storage } = useSyncStatus()
  const { conflicts } = useConflicts()
  const rejected = useRejectedWrites()
  const refused: readonly PendingWrite[] = [...conflicts.map(({ write }) => write), ...rejected]
  const isTrouble = state === 'offline' || state === 'closed'
  const words = [
    texts.syncState(state),
    pendingWrites > 0 && texts.syncPending(pendingWrites),
    refused.length > 0 && texts.syncRefused(refused.length),
  ].filter((word) => word !== false)

  return (
    <div className={classNames('efir-cells-sync', className)}>
      <Popover
        label={texts.syncTitle}
        trigger={(trigger) => (
          <button
            type="button"
            {...trigger}
            className={classNames(
              'efir-cells-button efir-cells-button--quiet efir-cells-sync-button',
              `efir-cells-sync--${state}`,
              refused.length > 0 && 'efir-cells-sync--refused',
            )}
          >
            <span className="efir-cells-dot" aria-hidden="true" />
            {words.map((word, index) => (
              <span key={index} className={index === 0 ? undefined : 'efir-cells-sync-count'}>
                {word}
              </span>
            ))}
          </button>
        )}
      >
        {() => (
          <>
            <h2 className="efir-cells-title efir-cells-popover-title">{texts.syncState(state)}</h2>
            <p className="efir-cells-explanation">{texts.syncExplanation(state)}</p>
            {isTrouble && <Failure error={error} />}
            {storage.error !== null && (
              <p className="efir-cells-failure">
                <Icon name="warning" />
                <span>{texts.syncNotKept}</span>
              </p>
            )}
            {refused.length === 0 && pendingWrites === 0 && (
              <p className="efir-cells-explanation">{texts.syncAllSaved}</p>
            )}
            {refused.length > 0 && (
              <>
                <h3 className="efir-cells-subtitle">{texts.syncRefusedTitle}</h3>
                <ul className="efir-cells-list">
                  {refused.map((write) => (
                    <RefusedWrite key={write.id} write={write} />
                  ))}
                </ul>
              </>
            )}
          </>
        )}
      </Popover>
      <p role="status" className="efir-cells-hidden">
        {isTrouble && texts.syncState(state)} {refused.length > 0 && texts.syncRefused(refused.length)}
      </p>
    </div>
  )
}

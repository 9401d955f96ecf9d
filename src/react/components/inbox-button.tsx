import type { ReactElement } from 'react'
import type { Mention } from '../../index.ts'
import { classNames } from '../parts/class-names.ts'
import { Avatar } from '../parts/avatar.tsx'
import { Failure } from '../parts/failure.tsx'
import { Icon } from '../parts/icon.tsx'
import { Moment } from '../parts/moment.tsx'
import { Popover } from '../parts/popover.tsx'
import { useAct } from '../parts/use-act.ts'
import { useInbox } from '../use-inbox.ts'
import { usePeople, useTexts } from '../use-people.ts'

/** For {@link InboxButton}. */
export interface InboxButtonProps {
  /** Called with the mention that was chosen, to go to its cell. It counts as read. */
  readonly onOpen?: ((mention: Mention) => void) | undefined
  /**
   * Shows unread mentions only.
   * @default false
   */
  readonly unread?: boolean | undefined
  readonly className?: string | undefined
}

/**
 * How many comments call on the user that he has not read, and the list of those that do.
 *
 * @example
 * ```tsx
 * import { InboxButton } from '@efir/cells/react'
 *
 * const inbox = <InboxButton onOpen={({ address }) => console.log(address.field)} />
 * void inbox
 * ```
 */
export function InboxButton({ onOpen, unread: onlyUnread, className }: InboxButtonProps): ReactElement {
  const texts = useTexts()
  const inbox = useInbox({ unread: onlyUnread })
  const { act, error } = useAct()
  const open = (mention: Mention, close: () => void): void => {
    close()
    if (mention.readAt === null) void act(() => inbox.markRead(mention))
    onOpen?.(mention)
  }

  return (
    <div className={classNames('efir-cells-inbox', className)}>
      <Popover
        label={texts.inboxTitle}
        trigger={(trigger) => (
          <button
            type="button"
            {...trigger}
            className="efir-cells-icon-button"
            aria-label={texts.inboxButton(inbox.unread)}
            title={texts.inboxTitle}
          >
            <Icon name="mention" />
            {inbox.unread > 0 && (
              <span className="efir-cells-count" aria-hidden="true">
                {inbox.unread > 99 ? '99+' : inbox.unread}
              </span>
            )}
          </button>
        )}
      >
        {(close) => (
          <>
            <div className="efir-cells-panel-header efir-cells-popover-title">
              <h2 className="efir-cells-title">{texts.inboxTitle}</h2>
              {inbox.unread > 0 && (
                <button
                  type="button"
                  className="efir-cells-link"
                  onClick={() => void act(() => inbox.markRead('all'))}
                >
                  {texts.inboxMarkAll}
                </button>
              )}
            </div>
            <Failure error={error} />
            <Failure error={inbox.error} onRetry={() => void inbox.refresh()} />
            {inbox.mentions.length === 0 && (
              <p className="efir-cells-empty">{inbox.isLoading ? texts.loading : texts.inboxNone}</p>
            )}
            <ul className="efir-cells-list">
              {inbox.mentions.map((mention) => (
                <li key={mention.comment.id}>
                  <MentionRow mention={mention} onOpen={() => open(mention, close)} />
                </li>
              ))}
            </ul>
            {inbox.hasMore && (
              <button
                type="button"
                className="efir-cells-button efir-cells-button--wide"
                aria-disabled={inbox.isLoading}
                onClick={() => !inbox.isLoading && void act(inbox.loadMore)}
              >
                {inbox.isLoading ? texts.loading : texts.loadMore}
              </button>
            )}
          </>
        )}
      </Popover>
    </div>
  )
}

interface MentionRowProps {
  readonly mention: Mention
  readonly onOpen: () => void
}

function MentionRow({ mention, onOpen }: MentionRowProps): ReactElement {
  const texts = useTexts()
  const personOf = usePeople()
  const { comment, address, isResolved, mentionedAt, readAt } = mention
  const author = personOf(comment.createdBy)
  return (
    <button
      type="button"
      className={classNames(
        'efir-cells-item efir-cells-mention-item',
        readAt === null && 'efir-cells-item--unread',
      )}
      onClick={onOpen}
    >
      <Avatar {...author} />
      <span className="efir-cells-row-text">
        <span>{texts.inboxMention(author.name, texts.cellName(address))}</span>
        <span className="efir-cells-excerpt" dir="auto">
          {comment.text ?? texts.commentsDeleted}
        </span>
        <span className="efir-cells-muted">
          <Moment at={mentionedAt} />
          {isResolved && ` · ${texts.inboxResolved}`}
        </span>
      </span>
      {readAt === null && (
        <span className="efir-cells-unread">
          <span className="efir-cells-hidden">{texts.inboxUnread}</span>
        </span>
      )}
    </button>
  )
}

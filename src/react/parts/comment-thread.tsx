import { useEffect, useId, useRef, useState, type ReactElement, type RefObject } from 'react'
import type { CellComment, CommentThread as Thread } from '../../index.ts'
import { useFormats } from '../use-formats.ts'
import { usePeople } from '../use-people.ts'
import { useTexts } from '../use-people.ts'
import { CommentComposer } from './comment-composer.tsx'
import { CommentItem } from './comment-item.tsx'
import { classNames } from './class-names.ts'
import { Icon } from './icon.tsx'
import type { MentionablePerson } from './mention-query.ts'

/** What can be done in a thread. Each resolves to whether it was done. */
export interface ThreadActions {
  reply(thread: Thread, text: string, mentions: readonly string[]): Promise<boolean>
  edit(comment: CellComment, text: string, mentions: readonly string[]): Promise<boolean>
  remove(comment: CellComment): Promise<boolean>
  settle(thread: Thread, isResolved: boolean): Promise<boolean>
}

interface CommentThreadProps {
  readonly thread: Thread
  readonly userId: string | null
  /** The ids of comments that were unread when they were first shown. */
  readonly news: ReadonlySet<string>
  readonly people: readonly (MentionablePerson & { readonly color: string })[]
  readonly actions: ThreadActions
  /** The thread has been in sight for a while. */
  readonly onSeen: (thread: Thread) => void
}

const seenAfter = 1_000

/** A thread with its answers. */
export function CommentThread(props: CommentThreadProps): ReactElement {
  const { thread, userId, news, people, actions, onSeen } = props
  const texts = useTexts()
  const formats = useFormats()
  const personOf = usePeople()
  const id = useId()
  const article = useRef<HTMLElement>(null)
  const replyButton = useRef<HTMLButtonElement>(null)
  const [isReplying, setReplying] = useState(false)
  const [first] = thread.comments
  const begun = first === undefined ? '' : formats.relative(first.createdAt)
  const name = personOf(first?.createdBy ?? null).name
  useSeen(article, thread, onSeen)

  // The answer is gone, and the focus with it; where it has gone elsewhere meanwhile, it stays there.
  const wasReplying = useRef(false)
  useEffect(() => {
    const isLost = document.activeElement === document.body
    if (wasReplying.current && !isReplying && isLost) replyButton.current?.focus()
    wasReplying.current = isReplying
  }, [isReplying])
  const leave = (): void => setReplying(false)

  return (
    <article
      ref={article}
      aria-labelledby={id}
      className={classNames('efir-cells-thread', thread.isResolved && 'efir-cells-thread--resolved')}
    >
      <h3 id={id} className="efir-cells-hidden">
        {texts.commentsThread(name, begun)}
      </h3>
      <ul className="efir-cells-list">
        {thread.comments.map((comment) => (
          <CommentItem
            key={comment.id}
            comment={comment}
            isMine={userId !== null && comment.createdBy === userId}
            isNew={news.has(comment.id)}
            people={people}
            onEdit={(text, mentions) => actions.edit(comment, text, mentions)}
            onDelete={() => actions.remove(comment)}
          />
        ))}
      </ul>
      <Settled thread={thread} />
      {isReplying ? (
        <CommentComposer
          label={texts.commentsReplyTo(name)}
          placeholder={texts.commentsReplyPlaceholder}
          action={texts.commentsReply}
          people={people}
          autoFocus
          onCancel={leave}
          onSend={async (text, mentions) => {
            const isDone = await actions.reply(thread, text, mentions)
            if (isDone) leave()
            return isDone
          }}
        />
      ) : (
        <p className="efir-cells-thread-actions">
          <button
            ref={replyButton}
            type="button"
            className="efir-cells-button efir-cells-button--quiet"
            onClick={() => setReplying(true)}
          >
            <Icon name="reply" />
            {texts.commentsReply}
          </button>
          <button
            type="button"
            className="efir-cells-button efir-cells-button--quiet"
            onClick={() => void actions.settle(thread, !thread.isResolved)}
          >
            <Icon name={thread.isResolved ? 'restore' : 'check'} />
            {thread.isResolved ? texts.commentsReopen : texts.commentsResolve}
          </button>
        </p>
      )}
    </article>
  )
}

/** Who settled the thread, or opened it again. */
function Settled({ thread }: { readonly thread: Thread }): ReactElement | null {
  const texts = useTexts()
  const formats = useFormats()
  const personOf = usePeople()
  const at = thread.isResolved ? thread.resolvedAt : thread.reopenedAt
  if (at === null) return null
  const by = personOf(thread.isResolved ? thread.resolvedBy : thread.reopenedBy).name
  const when = formats.relative(at)
  return (
    <p className="efir-cells-thread-state" title={formats.dateTime(at)}>
      <Icon name={thread.isResolved ? 'check' : 'restore'} />
      <span>{thread.isResolved ? texts.commentsResolved(by, when) : texts.commentsReopened(by, when)}</span>
    </p>
  )
}

/** Tells when an unread thread has been in sight of the user for a second. */
function useSeen(
  article: RefObject<HTMLElement | null>,
  thread: Thread,
  onSeen: (thread: Thread) => void,
): void {
  const isUnread = thread.unread > 0
  useEffect(() => {
    const element = article.current
    if (!isUnread || element === null) return
    let timer: ReturnType<typeof setTimeout> | undefined
    const observer = new IntersectionObserver(([entry]) => {
      clearTimeout(timer)
      if (entry?.isIntersecting !== true) return
      timer = setTimeout(() => onSeen(thread), seenAfter)
    })
    observer.observe(element)
    return () => {
      clearTimeout(timer)
      observer.disconnect()
    }
  }, [article, isUnread, thread, onSeen])
}

import { useCallback, useId, useMemo, useRef, useState, type ReactElement } from 'react'
import { cellKey, type CellAddress, type CommentThread as Thread } from '../../index.ts'
import { classNames } from '../parts/class-names.ts'
import { CommentComposer } from '../parts/comment-composer.tsx'
import { CommentThread, type ThreadActions } from '../parts/comment-thread.tsx'
import { Failure } from '../parts/failure.tsx'
import type { MentionablePerson } from '../parts/mention-query.ts'
import { PanelHeader } from '../parts/panel-header.tsx'
import { useAct } from '../parts/use-act.ts'
import { useKeptFocus } from '../parts/use-kept-focus.ts'
import { useReturnedFocus } from '../parts/use-returned-focus.ts'
import { resolvedAddress } from '../parts/resolved-address.ts'
import { useCellComments } from '../use-cell-comments.ts'
import { usePeople } from '../use-people.ts'
import { usePresence } from '../use-presence.ts'
import { useTexts } from '../use-people.ts'
import { useUserId } from '../use-people.ts'

/** For {@link CellComments}. */
export interface CellCommentsProps {
  readonly address: CellAddress
  /**
   * Who can be mentioned: members of the organisation.
   * @default those who are here, and those who wrote in the cell's threads
   */
  readonly people?: readonly MentionablePerson[] | undefined
  /** Draws a button that closes the panel, and is called by Escape, too. */
  readonly onClose?: (() => void) | undefined
  /**
   * Takes the focus when it opens, and gives it back when it goes.
   * @default true where `onClose` is given
   */
  readonly autoFocus?: boolean | undefined
  readonly className?: string | undefined
}

/**
 * What people say about a cell: threads with answers, mentions (`@` opens a list of people), resolve and reopen; one's own
 * comments can be edited and deleted. A thread that has been in sight for a second counts as read.
 *
 * Texts are drawn as text, whatever is in them.
 *
 * @example
 * ```tsx
 * import { CellComments } from '@efir/cells/react'
 *
 * const cell = { module: 'staff', field: 'posts', period: '2026' }
 * const panel = <CellComments address={cell} onClose={() => console.log('closed')} />
 * void panel
 * ```
 */
export function CellComments(props: CellCommentsProps): ReactElement {
  // Another cell is another panel: nothing that was typed about one goes to the next.
  return <CommentsOfCell key={cellKey(props.address)} {...props} />
}

function CommentsOfCell(props: CellCommentsProps): ReactElement {
  const { address, onClose, autoFocus = onClose !== undefined, className } = props
  const texts = useTexts()
  const userId = useUserId()
  const comments = useCellComments(address)
  const people = useMentionable(props.people, comments.threads, userId)
  const { act, error } = useAct()
  const id = useId()
  const panel = useRef<HTMLElement>(null)
  const textarea = useRef<HTMLTextAreaElement>(null)
  const [showsResolved, setShowsResolved] = useState(false)
  const news = useNews(comments.threads, userId)
  useKeptFocus(panel)
  useReturnedFocus(panel, { isWanted: autoFocus, first: textarea })

  const { markRead } = comments
  const onSeen = useCallback((thread: Thread) => void act(() => markRead(thread)), [act, markRead])
  const actions = useMemo<ThreadActions>(
    () => ({
      reply: (thread, text, mentions) => act(() => comments.reply(thread, text, { mentions })),
      edit: (comment, text, mentions) => act(() => comments.edit(comment, text, { mentions })),
      remove: (comment) => act(() => comments.remove(comment)),
      settle: (thread, isResolved) =>
        act(() => (isResolved ? comments.resolve(thread) : comments.reopen(thread))),
    }),
    [act, comments],
  )
  const open = comments.threads.filter((thread) => !thread.isResolved)
  const resolved = comments.threads.filter((thread) => thread.isResolved)
  const draw = (thread: Thread): ReactElement => (
    <li key={thread.id}>
      <CommentThread thread={thread} {...{ userId, news, people, actions, onSeen }} />
    </li>
  )

  return (
    <section
      ref={panel}
      tabIndex={-1}
      className={classNames('efir-cells-panel efir-cells-comments', className)}
      aria-labelledby={`${id}-title`}
      onKeyDown={(event) => {
        if (event.key === 'Escape' && !event.defaultPrevented && textarea.current?.value === '') onClose?.()
      }}
    >
      <PanelHeader
        id={`${id}-title`}
        title={texts.commentsTitle(texts.cellName(resolvedAddress(address)))}
        onClose={onClose}
      >
        {news.size > 0 && <span className="efir-cells-badge">{texts.commentsUnread(news.size)}</span>}
      </PanelHeader>
      <div className="efir-cells-panel-body" aria-busy={comments.isLoading}>
        <CommentComposer
          label={texts.commentsNew}
          placeholder={texts.commentsPlaceholder}
          action={texts.commentsSend}
          people={people}
          textarea={textarea}
          onSend={(text, mentions) => act(() => comments.add(text, { mentions }))}
        />
        <Failure error={error} />
        <Failure error={comments.error} onRetry={() => void comments.refresh()} />
        {comments.isLoading && comments.threads.length === 0 ? (
          <p className="efir-cells-empty">{texts.loading}</p>
        ) : (
          open.length === 0 && <p className="efir-cells-empty">{texts.commentsNone}</p>
        )}
        <ul className="efir-cells-list efir-cells-threads">{open.map(draw)}</ul>
        {resolved.length > 0 && (
          <button
            type="button"
            className="efir-cells-link"
            aria-expanded={showsResolved}
            onClick={() => setShowsResolved(!showsResolved)}
          >
            {showsResolved ? texts.commentsHideResolved : texts.commentsShowResolved(resolved.length)}
          </button>
        )}
        {showsResolved && <ul className="efir-cells-list efir-cells-threads">{resolved.map(draw)}</ul>}
      </div>
    </section>
  )
}

/** Whom the user can call on: those that the application names, else whoever has been seen. Never himself. */
function useMentionable(
  given: readonly MentionablePerson[] | undefined,
  threads: readonly Thread[],
  userId: string | null,
): readonly (MentionablePerson & { readonly color: string })[] {
  const personOf = usePeople()
  const { others } = usePresence()
  return useMemo(() => {
    const authors = threads.flatMap(({ comments }) => comments.flatMap(({ createdBy }) => createdBy ?? []))
    const seen = [...others.map((person) => person.userId), ...authors]
    const people = given ?? [...new Set(seen)].map((id) => ({ ...personOf(id), userId: id }))
    return people
      .filter((person) => person.userId !== userId)
      .map((person) => ({ ...person, color: personOf(person.userId).color }))
  }, [given, threads, others, personOf, userId])
}

/** The comments that were unread when they were first shown: the mark stays until the panel is closed. */
function useNews(threads: readonly Thread[], userId: string | null): ReadonlySet<string> {
  const [news, setNews] = useState<ReadonlySet<string>>(new Set())
  const unread = threads.flatMap((thread) =>
    thread.unread === 0
      ? []
      : thread.comments
          .filter(({ createdBy, text }) => text !== null && createdBy !== userId)
          .slice(-thread.unread)
          .map(({ id }) => id),
  )
  if (unread.some((id) => !news.has(id))) setNews(new Set([...news, ...unread]))
  return news
}

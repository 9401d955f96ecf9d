import { useEffect, useRef, useState, type ReactElement } from 'react'
import type { CellComment } from '../../index.ts'
import { usePeople } from '../use-people.ts'
import { useTexts } from '../use-people.ts'
import { Avatar } from './avatar.tsx'
import { classNames } from './class-names.ts'
import { CommentComposer } from './comment-composer.tsx'
import { CommentText } from './comment-text.tsx'
import type { MentionablePerson } from './mention-query.ts'
import { Moment } from './moment.tsx'

interface CommentItemProps {
  readonly comment: CellComment
  readonly isMine: boolean
  readonly isNew: boolean
  readonly people: readonly (MentionablePerson & { readonly color: string })[]
  readonly onEdit: (text: string, mentions: readonly string[]) => Promise<boolean>
  readonly onDelete: () => Promise<boolean>
}

/** One comment; its author may edit and delete it. */
export function CommentItem({
  comment,
  isMine,
  isNew,
  people,
  onEdit,
  onDelete,
}: CommentItemProps): ReactElement {
  const texts = useTexts()
  const personOf = usePeople()
  const [mode, setMode] = useState<'read' | 'edit' | 'delete'>('read')
  const opener = useRef<HTMLButtonElement | null>(null)
  const author = personOf(comment.createdBy)

  // The buttons are drawn anew when the question or the editor is gone: the focus goes back to the one that opened it.
  const [returnTo, setReturnTo] = useState<'edit' | 'delete' | null>(null)
  useEffect(() => {
    if (returnTo === null) return
    opener.current?.focus()
  }, [returnTo])
  const leave = (): void => {
    setReturnTo(mode === 'read' ? null : mode)
    setMode('read')
  }
  const enter = (next: 'edit' | 'delete'): void => {
    setReturnTo(null)
    setMode(next)
  }
  const { text } = comment

  return (
    <li className={classNames('efir-cells-comment', isNew && 'efir-cells-comment--new')}>
      <Avatar {...author} />
      <div className="efir-cells-comment-body">
        <p className="efir-cells-comment-head">
          <strong className="efir-cells-ellipsis">
            <bdi>{author.name}</bdi>
          </strong>
          <Moment at={comment.createdAt} />
          {comment.editedAt !== null && text !== null && (
            <span className="efir-cells-muted">({texts.commentsEdited})</span>
          )}
          {isNew && <span className="efir-cells-badge">{texts.commentsNewMark}</span>}
        </p>
        {text === null ? (
          <p className="efir-cells-comment-text efir-cells-muted">{texts.commentsDeleted}</p>
        ) : mode === 'edit' ? (
          <CommentComposer
            label={texts.commentsEditLabel}
            action={texts.save}
            people={people}
            initialText={text}
            autoFocus
            onCancel={leave}
            onSend={async (next, mentions) => {
              const isDone = await onEdit(next, mentions)
              if (isDone) leave()
              return isDone
            }}
          />
        ) : (
          <CommentText text={text} mentioned={comment.mentions.map((userId) => personOf(userId).name)} />
        )}
        {isMine && text !== null && mode === 'read' && (
          <p className="efir-cells-comment-actions">
            <button
              ref={returnTo === 'edit' ? opener : undefined}
              type="button"
              className="efir-cells-link"
              onClick={() => enter('edit')}
            >
              {texts.commentsEdit}
            </button>
            <button
              ref={returnTo === 'delete' ? opener : undefined}
              type="button"
              className="efir-cells-link"
              onClick={() => enter('delete')}
            >
              {texts.commentsDelete}
            </button>
          </p>
        )}
        {mode === 'delete' && text !== null && (
          <div
            role="group"
            aria-label={texts.commentsDeleteQuestion}
            className="efir-cells-question"
            onKeyDown={(event) => {
              if (event.key !== 'Escape') return
              event.stopPropagation()
              leave()
            }}
          >
            <span>{texts.commentsDeleteQuestion}</span>
            <button
              type="button"
              className="efir-cells-button efir-cells-button--danger"
              onClick={() => void onDelete()}
            >
              {texts.commentsDelete}
            </button>
            <button ref={takeFocus} type="button" className="efir-cells-button" onClick={leave}>
              {texts.cancel}
            </button>
          </div>
        )}
      </div>
    </li>
  )
}

/** Always the same function: it is called once, when the element is drawn. */
function takeFocus(element: HTMLElement | null): void {
  element?.focus()
}

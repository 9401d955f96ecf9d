import {
  useId,
  useImperativeHandle,
  useLayoutEffect,
  useRef,
  useState,
  type KeyboardEvent,
  type ReactElement,
  type Ref,
} from 'react'
import { useFormats } from '../use-formats.ts'
import { useTexts } from '../use-people.ts'
import { Avatar } from './avatar.tsx'
import {
  findPeople,
  insertMention,
  mentionAt,
  mentionedIn,
  type MentionablePerson,
  type MentionQuery,
} from './mention-query.ts'

const textLimit = 10_000

interface CommentComposerProps {
  readonly label: string
  readonly placeholder?: string | undefined
  readonly action: string
  readonly people: readonly (MentionablePerson & { readonly color: string })[]
  readonly initialText?: string | undefined
  readonly autoFocus?: boolean | undefined
  readonly textarea?: Ref<HTMLTextAreaElement> | undefined
  /** Resolves to whether it was done: the text stays where it was not. */
  readonly onSend: (text: string, mentions: readonly string[]) => Promise<boolean>
  readonly onCancel?: (() => void) | undefined
}

/**
 * Where a comment is written. `@` opens a list of people below the text; arrows choose, Enter or Tab takes one, Escape closes
 * the list and then the composer. Ctrl or Cmd and Enter sends.
 */
export function CommentComposer(props: CommentComposerProps): ReactElement {
  const { label, placeholder, action, people, textarea, initialText = '', autoFocus = false } = props
  const { onSend, onCancel } = props
  const texts = useTexts()
  const { locale } = useFormats()
  const id = useId()
  const own = useRef<HTMLTextAreaElement | null>(null)
  const [text, setText] = useState(initialText)
  const [query, setQuery] = useState<MentionQuery | null>(null)
  const [active, setActive] = useState(0)
  const [isSending, setSending] = useState(false)
  useImperativeHandle<HTMLTextAreaElement | null, HTMLTextAreaElement | null>(textarea, () => own.current)
  const caret = useRef<number | null>(null)
  const chosenByName = useRef(new Map<string, string>())
  const found = query === null ? [] : findPeople(people, query.typed, locale)
  const isListOpen = found.length > 0
  const over = Array.from(text.trim()).length - textLimit
  const maySend = text.trim() !== '' && over <= 0 && !isSending

  useLayoutEffect(() => {
    if (caret.current === null) return
    own.current?.setSelectionRange(caret.current, caret.current)
    caret.current = null
  }, [text])

  const look = (value: string, position: number): void => {
    setQuery(people.length === 0 ? null : mentionAt(value, position))
    setActive(0)
  }
  const choose = (person: MentionablePerson): void => {
    if (query === null) return
    chosenByName.current.set(person.name, person.userId)
    const next = insertMention(text, query, person.name)
    caret.current = next.caret
    setText(next.text)
    setQuery(null)
    own.current?.focus()
  }
  const send = async (): Promise<void> => {
    if (!maySend) return
    setSending(true)
    const isDone = await onSend(text.trim(), mentionedIn(text, people, chosenByName.current))
    setSending(false)
    if (!isDone) return
    setText('')
    setQuery(null)
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.nativeEvent.isComposing) return
    const chosen = found[active]
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) void send()
    else if (event.key === 'Escape' && isListOpen) setQuery(null)
    else if (event.key === 'Escape' && onCancel) onCancel()
    else if (isListOpen && event.key === 'ArrowDown') setActive((active + 1) % found.length)
    else if (isListOpen && event.key === 'ArrowUp') setActive((active - 1 + found.length) % found.length)
    else if (isListOpen && chosen && (event.key === 'Enter' || event.key === 'Tab') && !event.shiftKey)
      choose(chosen)
    else return
    event.preventDefault()
    event.stopPropagation()
  }

  return (
    <form
      className="efir-cells-composer"
      onSubmit={(event) => {
        event.preventDefault()
        void send()
      }}
    >
      <div className="efir-cells-composer-field">
        <textarea
          ref={own}
          className="efir-cells-input efir-cells-textarea"
          aria-label={label}
          aria-autocomplete="list"
          aria-haspopup="listbox"
          aria-controls={isListOpen ? `${id}-people` : undefined}
          aria-activedescendant={isListOpen ? `${id}-person-${active}` : undefined}
          aria-invalid={over > 0}
          aria-describedby={over > 0 ? `${id}-over` : undefined}
          placeholder={placeholder}
          value={text}
          rows={2}
          autoFocus={autoFocus}
          onChange={(event) => {
            setText(event.target.value)
            look(event.target.value, event.target.selectionStart)
          }}
          onClick={(event) => look(text, event.currentTarget.selectionStart)}
          onKeyDown={onKeyDown}
          onBlur={() => setQuery(null)}
        />
        {isListOpen && (
          <div className="efir-cells-mentions">
            <ul id={`${id}-people`} role="listbox" aria-label={texts.commentsMentionList}>
              {found.map((person, index) => (
                <li
                  key={person.userId}
                  id={`${id}-person-${index}`}
                  role="option"
                  aria-selected={index === active}
                  className="efir-cells-mention-option"
                  // The focus stays in the text.
                  onMouseDown={(event) => event.preventDefault()}
                  onClick={() => choose(person)}
                >
                  <Avatar {...person} />
                  <span className="efir-cells-ellipsis">{person.name}</span>
                </li>
              ))}
            </ul>
            <p className="efir-cells-mentions-hint">{texts.commentsMentionHint}</p>
          </div>
        )}
        <p role="status" className="efir-cells-hidden">
          {isListOpen && texts.commentsMentionCount(found.length)}
        </p>
      </div>
      <p id={`${id}-over`} role="status" className="efir-cells-field-error">
        {over > 0 && texts.commentsTooLong(over)}
      </p>
      <div className="efir-cells-row efir-cells-row--end">
        {onCancel && (
          <button type="button" className="efir-cells-button efir-cells-button--quiet" onClick={onCancel}>
            {texts.cancel}
          </button>
        )}
        <button
          type="submit"
          className="efir-cells-button efir-cells-button--primary"
          aria-disabled={!maySend}
          aria-busy={isSending}
        >
          {action}
        </button>
      </div>
    </form>
  )
}

import { useState, type ReactElement } from 'react'
import { useTexts } from '../use-people.ts'
import { classNames } from './class-names.ts'
import { splitMentions } from './mention-query.ts'

const longText = 700
const longLines = 12

/** What somebody wrote, as text and nothing else: line breaks are kept, mentions stand out, long ones fold. */
export function CommentText({
  text,
  mentioned,
}: {
  readonly text: string
  readonly mentioned: readonly string[]
}): ReactElement {
  const texts = useTexts()
  const [isOpen, setOpen] = useState(false)
  const isLong = text.length > longText || text.split('\n').length > longLines
  return (
    <>
      <p
        dir="auto"
        className={classNames(
          'efir-cells-comment-text',
          isLong && !isOpen && 'efir-cells-comment-text--folded',
        )}
      >
        {splitMentions(text, mentioned).map((piece, index) =>
          piece.isMention ? (
            <span key={index} className="efir-cells-mention">
              {piece.text}
            </span>
          ) : (
            piece.text
          ),
        )}
      </p>
      {isLong && (
        <button
          type="button"
          className="efir-cells-link"
          aria-expanded={isOpen}
          onClick={() => setOpen(!isOpen)}
        >
          {isOpen ? texts.commentsShowLess : texts.commentsShowAll}
        </button>
      )}
    </>
  )
}

import type { ReactElement } from 'react'

const shapes = {
  undo: 'M6.5 2.5 3 6l3.5 3.5M3 6h6a4 4 0 0 1 0 8H7',
  redo: 'M9.5 2.5 13 6l-3.5 3.5M13 6H7a4 4 0 0 0 0 8h2',
  close: 'm4 4 8 8m0-8-8 8',
  lock: 'M4.5 7V5a3.5 3.5 0 0 1 7 0v2M4 7h8a1 1 0 0 1 1 1v5a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1V8a1 1 0 0 1 1-1Zm4 3v1.5',
  pencil: 'm9.5 4 2.5 2.5M3 13l.6-2.9L10.8 3a1.4 1.4 0 0 1 2 0l.2.2a1.4 1.4 0 0 1 0 2L5.9 12.4 3 13Z',
  check: 'm3 8.5 3.5 3.5L13 4.5',
  arrow: 'M3 8h10m-3.5-3.5L13 8l-3.5 3.5',
  restore: 'M2.5 3v3.5H6M3 6.2A5.5 5.5 0 1 1 2.6 9M8 5.5V8l2 1.5',
  mention: 'M10.5 8a2.5 2.5 0 1 1-5 0 2.5 2.5 0 0 1 5 0Zm0-2.5v3.2c0 2.6 3.5 2.4 3.5-.7A6 6 0 1 0 11.5 13',
  warning: 'M8 2 1.8 13h12.4L8 2Zm0 4.5v3M8 11.2v.1',
  reply: 'M6.5 3.5 3 7l3.5 3.5M3 7h6a4 4 0 0 1 4 4v1.5',
} as const

/** What an icon can show. */
export type IconName = keyof typeof shapes

/** A line drawing in the colour of the text around it. It says nothing that is not said in words, too. */
export function Icon({ name }: { readonly name: IconName }): ReactElement {
  const mirrors = name === 'undo' || name === 'redo' || name === 'arrow' || name === 'reply'
  return (
    <svg
      className={mirrors ? 'efir-cells-icon efir-cells-icon--directed' : 'efir-cells-icon'}
      viewBox="0 0 16 16"
      width="16"
      height="16"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.5"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      <path d={shapes[name]} />
    </svg>
  )
}

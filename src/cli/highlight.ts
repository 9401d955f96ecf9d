import { styleText } from 'node:util'

type Style = Parameters<typeof styleText>[0]

/** What a line begins with, and how that is shown where there are colours. */
const beginnings: readonly (readonly [RegExp, Style])[] = [
  [/^error:/, ['red', 'bold']],
  [/^FAIL /, ['red', 'bold']],
  [/^(warn |warning:)/, 'yellow'],
  [/^ok {2}/, 'green'],
  [/^skip /, 'dim'],
  [/^ *→ .*/, 'cyan'],
  [/^ {0,2}\+ /, 'green'],
  [/^ {0,2}- /, 'red'],
  [/^ {0,2}~ /, 'yellow'],
  [/^ {0,2}[!=] /, 'magenta'],
  [/^(revision \d+|before there were revisions)/, 'bold'],
  [/^(open|resolved|unread|read) /, 'bold'],
]

/** Colours by what a line begins with, so that what makes the words need not know of them. */
export function highlight(text: string): string {
  return text.split('\n').map(highlightLine).join('\n')
}

function highlightLine(line: string): string {
  for (const [beginning, style] of beginnings) {
    const [found] = beginning.exec(line) ?? []
    if (found !== undefined) {
      return styleText(style, found, { validateStream: false }) + line.slice(found.length)
    }
  }
  return line
}

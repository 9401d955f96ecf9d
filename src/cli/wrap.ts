/** Sentences, which may be broken; lines of data are left to the terminal, so that they can be copied. */
const sentence = /^(error: |warning: |ok {4}|warn {2}|FAIL {2}|skip {2}| *→ )/

/** Breaks sentences between words, what follows indented by as much as their beginning takes. */
export function wrap(text: string, columns: number): string {
  return text
    .split('\n')
    .map((line) => wrapLine(line, columns))
    .join('\n')
}

function wrapLine(line: string, columns: number): string {
  const [beginning] = sentence.exec(line) ?? []
  if (beginning === undefined || line.length <= columns) return line
  const lines: string[] = []
  let current = beginning
  for (const word of line.slice(beginning.length).split(' ')) {
    const isFirst = current.trim() === '' || current === beginning
    const longer = isFirst ? current + word : `${current} ${word}`
    if (longer.length <= columns || isFirst) {
      current = longer
    } else {
      lines.push(current)
      current = ' '.repeat(beginning.length) + word
    }
  }
  return [...lines, current].join('\n')
}

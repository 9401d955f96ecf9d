/**
 * Cuts SQL text into its statements, each without its semicolon, comments before it included. Knows what may hide a
 * semicolon: comments (nested ones too), quotes, escape strings, dollar quotes, and the body of BEGIN ATOMIC.
 */
export function splitStatements(text: string): readonly string[] {
  const statements: string[] = []
  let start = 0
  let depth = 0
  // Alternatives in the order in which the server's own lexer would take them.
  const token =
    /--[^\n]*|\/\*|[eE]'(?:[^'\\]|\\[\s\S]|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|(\$(?:[A-Za-z_][A-Za-z_0-9]*)?\$)|([A-Za-z_][A-Za-z_0-9$]*)|;/g
  for (let match = token.exec(text); match !== null; match = token.exec(text)) {
    const [found, tag, word] = match
    if (found === '/*') token.lastIndex = endOfComment(text, token.lastIndex)
    else if (tag !== undefined) {
      const end = text.indexOf(tag, token.lastIndex)
      token.lastIndex = end < 0 ? text.length : end + tag.length
    } else if (word !== undefined) {
      if (/^atomic$/i.test(word) && /\bbegin\s+$/i.test(text.slice(start, match.index))) depth += 1
      else if (depth > 0 && /^case$/i.test(word)) depth += 1
      else if (depth > 0 && /^end$/i.test(word)) depth -= 1
    } else if (found === ';' && depth === 0) {
      statements.push(text.slice(start, match.index).trim())
      start = match.index + 1
    }
  }
  statements.push(text.slice(start).trim())
  return statements.filter((statement) => withoutComments(statement) !== '')
}

/** The statement without the comments that stand before it. */
export function withoutComments(statement: string): string {
  let rest = statement.trim()
  for (;;) {
    if (rest.startsWith('--')) rest = rest.includes('\n') ? rest.slice(rest.indexOf('\n') + 1).trim() : ''
    else if (rest.startsWith('/*')) rest = rest.slice(endOfComment(rest, 2)).trim()
    else return rest
  }
}

function endOfComment(text: string, from: number): number {
  const edge = /\/\*|\*\//g
  edge.lastIndex = from
  for (let depth = 1; depth > 0;) {
    const match = edge.exec(text)
    if (match === null) return text.length
    depth += match[0] === '/*' ? 1 : -1
  }
  return edge.lastIndex
}

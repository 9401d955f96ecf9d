import { splitStatements, withoutComments } from './statements.ts'

/** An index whose building was put off until after the migration's transaction. */
export type PendingIndex = {
  readonly name: string
  readonly table: string
  /** The whole CREATE INDEX statement, without CONCURRENTLY. */
  readonly create: string
  /** COMMENT ON INDEX, which has to wait with it. */
  readonly comment?: string
}

const createIndex =
  /^CREATE\s+INDEX\s+(?:IF\s+NOT\s+EXISTS\s+)?([a-z_0-9]+)\s+ON\s+(?:ONLY\s+)?([a-z_0-9]+)\.([a-z_0-9]+)/i
const commentOnIndex = /^COMMENT\s+ON\s+INDEX\s+[a-z_0-9]+\.([a-z_0-9]+)\s/i

/**
 * Takes out of a migration what can be built later and concurrently: the plain indexes on tables that were there
 * before. Unique ones stay (what follows may lean on them), and so does an index that a later statement names.
 */
export function separateIndexes(
  text: string,
  existedBefore: (table: string) => boolean,
): { readonly rest: string; readonly indexes: readonly PendingIndex[] } {
  const statements = splitStatements(text)
  const comments = new Map<string, string>()
  for (const statement of statements) {
    const name = commentOnIndex.exec(withoutComments(statement))?.[1]
    if (name !== undefined) comments.set(name, withoutComments(statement))
  }
  const indexes = new Map<string, PendingIndex>()
  statements.forEach((statement, position) => {
    const bare = withoutComments(statement)
    const [, name, , table] = createIndex.exec(bare) ?? []
    if (name === undefined || table === undefined || !existedBefore(table)) return
    const comment = comments.get(name)
    const mention = new RegExp(`\\b${name}\\b`)
    const isNamedLater = statements
      .slice(position + 1)
      .some((later) => mention.test(later) && withoutComments(later) !== comment)
    if (isNamedLater) return
    indexes.set(name, { name, table, create: bare, ...(comment === undefined ? {} : { comment }) })
  })
  const rest = statements.filter((statement) => {
    const bare = withoutComments(statement)
    const name = createIndex.exec(bare)?.[1] ?? commentOnIndex.exec(bare)?.[1]
    return name === undefined || !indexes.has(name)
  })
  return { rest: rest.map((statement) => `${statement};\n`).join('\n'), indexes: [...indexes.values()] }
}

/** `CREATE INDEX …` as `CREATE INDEX CONCURRENTLY …`. */
export function concurrently(create: string): string {
  return create.replace(/^CREATE\s+INDEX\s+(?:IF\s+NOT\s+EXISTS\s+)?/i, 'CREATE INDEX CONCURRENTLY ')
}

export type Column = {
  readonly type: string
  readonly collation: string | undefined
  readonly notNull: boolean
  readonly default: string | undefined
}

/** Takes apart what the description says of a column: `type [COLLATE c] [NOT NULL] [DEFAULT expression]`. */
export function parseColumn(definition: string): Column {
  const match = /^(.+?)(?: COLLATE (\S+))?( NOT NULL)?(?: DEFAULT ([\s\S]+))?$/.exec(definition)
  return {
    type: match?.[1] ?? definition,
    collation: match?.[2],
    notNull: match?.[3] !== undefined,
    default: match?.[4],
  }
}

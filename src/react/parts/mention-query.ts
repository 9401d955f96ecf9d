/** Somebody who can be mentioned in a comment. */
export interface MentionablePerson {
  readonly userId: string
  readonly name: string
  readonly avatar?: string | null | undefined
}

/** What has been typed of a name behind an `@`. */
export interface MentionQuery {
  /** Where the `@` stands. */
  readonly start: number
  readonly typed: string
}

/** The name that is being typed where the cursor is; `null` where none is. */
export function mentionAt(text: string, caret: number): MentionQuery | null {
  const match = /(?:^|[\s(])@([^\n@]{0,60})$/u.exec(text.slice(0, caret))
  if (match === null) return null
  const [, typed = ''] = match
  return { start: caret - typed.length - 1, typed }
}

/** Those whose names, or a part of them, begin with what was typed; eight at most. */
export function findPeople<Person extends MentionablePerson>(
  people: readonly Person[],
  typed: string,
  locale: string,
): readonly Person[] {
  const plain = (text: string) => text.normalize('NFD').replaceAll(/\p{M}/gu, '').toLocaleLowerCase(locale)
  const wanted = plain(typed)
  const fits = (name: string) =>
    name.startsWith(wanted) || name.split(/[\s-]+/u).some((part) => part.startsWith(wanted))
  return people.filter(({ name }) => fits(plain(name))).slice(0, 8)
}

/** The text with the name in it, and where the cursor goes. */
export function insertMention(
  text: string,
  { start, typed }: MentionQuery,
  name: string,
): { readonly text: string; readonly caret: number } {
  const before = `${text.slice(0, start)}@${name} `
  const after = text.slice(start + 1 + typed.length).replace(/^ /, '')
  return { text: before + after, caret: before.length }
}

/**
 * The ids of whom the text calls on by name behind an `@`. Where several have a name, the one who was chosen by it, else the
 * first.
 */
export function mentionedIn(
  text: string,
  people: readonly MentionablePerson[],
  chosen: ReadonlyMap<string, string>,
): readonly string[] {
  const names = splitMentions(
    text,
    people.map(({ name }) => name),
  ).flatMap((piece) => (piece.isMention ? [piece.text.slice(1)] : []))
  const ids = names.map((name) => chosen.get(name) ?? people.find((person) => person.name === name)?.userId)
  return [...new Set(ids.filter((userId) => userId !== undefined))]
}

/** A text in pieces: plain ones, and those that call on somebody by one of these names. */
export function splitMentions(
  text: string,
  names: readonly string[],
): readonly { readonly text: string; readonly isMention: boolean }[] {
  const wanted = names
    .filter((name) => name !== '')
    // The longest first: Al is not meant where Alice is.
    .toSorted((one, other) => other.length - one.length)
    .map((name) => name.replaceAll(/[.*+?^${}()|[\]\\/]/g, '\\$&'))
  if (wanted.length === 0) return [{ text, isMention: false }]
  return text
    .split(new RegExp(`(@(?:${wanted.join('|')})(?![\\p{L}\\p{N}]))`, 'u'))
    .map((piece, index) => ({ text: piece, isMention: index % 2 === 1 }))
    .filter((piece) => piece.text !== '')
}

/** The forms of a counted phrase in one language; `#` stands for the number. */
export interface PluralForms {
  readonly one: string
  readonly other: string
}

/** Counts in a language: picks the form that its grammar asks for, and writes the number as is usual there. */
export function pluralIn(locale: string): (count: number, forms: PluralForms) => string {
  const rules = new Intl.PluralRules(locale)
  const numbers = new Intl.NumberFormat(locale)
  return (count, { one, other }) =>
    (rules.select(count) === 'one' ? one : other).replace('#', numbers.format(count))
}

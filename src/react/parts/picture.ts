/**
 * The address of a picture where it is one that may be loaded: `https:` or a `data:` image. Whatever else somebody claims his
 * picture to be (a script, a file, an address without encryption) is none.
 */
export function pictureAddress(given: string | null | undefined): string | null {
  if (given === null || given === undefined) return null
  if (/^data:image\/[a-z0-9.+-]+[;,]/i.test(given)) return given
  try {
    const address = new URL(given)
    return address.protocol === 'https:' ? address.href : null
  } catch {
    return null
  }
}

/** One or two letters that stand for a name. Whole letters, whatever the script. */
export function initials(name: string, locale: string): string {
  const letters = new Intl.Segmenter(locale, { granularity: 'grapheme' })
  const firstOf = (word: string): string =>
    letters.segment(word)[Symbol.iterator]().next().value?.segment ?? ''
  const words = name.trim().split(/\s+/u)
  const [first = '', last = ''] = [words[0], words.length > 1 ? words.at(-1) : '']
  return (firstOf(first) + firstOf(last)).toLocaleUpperCase(locale)
}

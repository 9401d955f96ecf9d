import { SourceError } from '../errors.ts'
import { longestRecord, type SourceRecord } from './record.ts'

type TableRecord = SourceRecord & { readonly values: readonly string[] }

/**
 * Text with separators (RFC 4180), piece by piece into records. Lines may end in CRLF, LF or CR, each as it likes. A
 * record that is not well formed is marked, and reading goes on behind it: its fields still end where its quotes say,
 * so that the inside of a text is never taken for a record.
 */
export class CsvRecords {
  readonly #delimiter: string
  #text = ''
  #at = 0
  #line = 1
  /** Where the next quote and the next carriage return are, and up to where there are whole lines before them. */
  #quote = -1
  #return = -1
  #plainUntil = 0
  /** The fields of the record before. */
  #last: readonly string[] = []
  /** A record that is too long to be kept: what is left of it is passed over. */
  #passing: { readonly line: number; isQuoted: boolean } | undefined

  constructor(delimiter: string) {
    this.#delimiter = delimiter
  }

  /** The records that are complete with this piece. */
  push(piece: string): TableRecord[] {
    this.#text = this.#text.slice(this.#at) + piece
    this.#at = 0
    this.#quote = -1
    this.#return = -1
    this.#plainUntil = 0
    return this.#read(false)
  }

  /**
   * The last record, where no line end follows it.
   *
   * @throws {SourceError} where a quote was never closed: what it should hold cannot be told from records.
   */
  end(): TableRecord[] {
    return this.#read(true)
  }

  #read(isEnd: boolean): TableRecord[] {
    const records: TableRecord[] = []
    while (this.#at < this.#text.length || (isEnd && this.#passing !== undefined)) {
      const record = this.#passing === undefined ? this.#next(isEnd) : this.#passOver(this.#passing, isEnd)
      if (record === undefined) break
      if (record.values.length > 1 || record.values[0] !== '' || record.problem !== undefined)
        records.push(record)
    }
    return records
  }

  #next(isEnd: boolean): TableRecord | undefined {
    if (this.#at >= this.#plainUntil) this.#lookAhead()
    if (this.#at < this.#plainUntil) return this.#nextPlain()
    const end = lineEnd(this.#text, this.#at, isEnd)
    if (end === undefined && this.#text.length - this.#at <= longestRecord && !isEnd) return undefined
    const line = end === undefined ? this.#text.slice(this.#at) : this.#text.slice(this.#at, end.start)
    if (line.includes('"')) return this.#nextQuoted(isEnd)
    if (line.length > longestRecord) return this.#tooLong()
    const record = { line: this.#line, values: line.split(this.#delimiter) }
    this.#at = end?.next ?? this.#text.length
    this.#line++
    return record
  }

  /** Most text has neither quotes nor carriage returns, and there a line is a record. */
  #lookAhead(): void {
    const text = this.#text
    const next = (character: string): number => {
      const place = text.indexOf(character, this.#at)
      return place === -1 ? text.length : place
    }
    // Each is looked for again only once it is behind: else a text full of one would be searched for the other at every line.
    if (this.#quote < this.#at) this.#quote = next('"')
    if (this.#return < this.#at) this.#return = next('\r')
    const special = Math.min(this.#quote, this.#return)
    this.#plainUntil = special > this.#at ? text.lastIndexOf('\n', special - 1) + 1 : 0
  }

  #nextPlain(): TableRecord | undefined {
    const end = this.#text.indexOf('\n', this.#at)
    if (end - this.#at > longestRecord) return this.#tooLong()
    const values = this.#text.slice(this.#at, end).split(this.#delimiter)
    // Neighbours say much the same: once is enough to remember, for as long as their batch is under way.
    for (const [place, value] of values.entries()) {
      const before = this.#last[place]
      if (value === before) values[place] = before
    }
    this.#last = values
    this.#at = end + 1
    return { line: this.#line++, values }
  }

  /** Character by character: only records with quotes need it. */
  #nextQuoted(isEnd: boolean): TableRecord | undefined {
    const text = this.#text
    const values: string[] = []
    const startLine = this.#line
    let lines = 0
    let problem: SourceRecord['problem']
    let field = ''
    let at = this.#at
    const spoil = (reason: string) => (problem ??= { reason, column: values.length + 1 })

    for (let isFieldStart = true; ;) {
      if (at - this.#at > longestRecord) return this.#tooLong()
      const character = text[at]
      if (character === undefined) {
        if (!isEnd) return undefined
        break
      }
      if (character === '"') {
        if (!isFieldStart) {
          spoil('There is a quote inside a field that does not begin with one.')
          field += character
          at++
          continue
        }
        isFieldStart = false
        const close = closingQuote(text, at + 1, isEnd)
        if (close === undefined) {
          if (text.length - this.#at > longestRecord) return this.#tooLong()
          if (!isEnd) return undefined
          throw this.#unclosed(startLine + lines, at)
        }
        field = text.slice(at + 1, close).replaceAll('""', '"')
        lines += countLines(field)
        at = close + 1
        const following = text[at]
        if (
          following !== undefined &&
          following !== this.#delimiter &&
          following !== '\n' &&
          following !== '\r'
        ) {
          spoil('There is text behind the closing quote.')
        }
        continue
      }
      if (character === this.#delimiter) {
        values.push(field)
        field = ''
        isFieldStart = true
        at++
        continue
      }
      const end = character === '\n' || character === '\r' ? lineEnd(text, at, isEnd) : null
      if (end === undefined) return undefined
      if (end !== null) {
        at = end.next
        break
      }
      isFieldStart = false
      field += character
      at++
    }
    values.push(field)
    this.#at = at
    this.#line = startLine + lines + 1
    return { line: startLine, values, problem }
  }

  #tooLong(): TableRecord | undefined {
    this.#passing = { line: this.#line, isQuoted: false }
    return this.#passOver(this.#passing, false)
  }

  /** Up to the line end that no quotes hold, without keeping anything. */
  #passOver(passing: { readonly line: number; isQuoted: boolean }, isEnd: boolean): TableRecord | undefined {
    const text = this.#text
    for (let at = this.#at; at < text.length; at++) {
      const character = text[at]
      if (character === '\r' && at === text.length - 1 && !isEnd) {
        this.#at = at
        return undefined
      }
      if (character === '"') passing.isQuoted = !passing.isQuoted
      else if (character === '\n' || (character === '\r' && text[at + 1] !== '\n')) {
        this.#line++
        if (passing.isQuoted) continue
        this.#at = at + 1
        return this.#passed(passing.line)
      }
    }
    this.#at = text.length
    if (!isEnd) return undefined
    if (passing.isQuoted) throw new SourceError('A quote is never closed.', { line: passing.line })
    return this.#passed(passing.line)
  }

  #passed(line: number): TableRecord {
    this.#passing = undefined
    const reason = `The record is longer than ${longestRecord.toLocaleString('en')} characters.`
    return { line, values: [], problem: { reason } }
  }

  #unclosed(line: number, at: number): SourceError {
    const lineStart = Math.max(this.#text.lastIndexOf('\n', at), this.#text.lastIndexOf('\r', at)) + 1
    return new SourceError('A quote is never closed.', { line, column: at - lineStart + 1 })
  }
}

/** The next line end; `undefined` where there is none, or none that is certain before more text has come. */
function lineEnd(text: string, from: number, isEnd: boolean) {
  const feed = text.indexOf('\n', from)
  const within = feed === -1 ? text.slice(from) : text.slice(from, feed)
  const returned = within.indexOf('\r')
  if (returned === -1) return feed === -1 ? undefined : { start: feed, next: feed + 1 }
  const start = from + returned
  if (start === text.length - 1 && !isEnd) return undefined
  return { start, next: text[start + 1] === '\n' ? start + 2 : start + 1 }
}

/** The quote that closes a field; `undefined` where it is not there yet. */
function closingQuote(text: string, from: number, isEnd: boolean): number | undefined {
  for (let at = text.indexOf('"', from); at !== -1; at = text.indexOf('"', at + 2)) {
    // At the end of a piece it may be the first of two.
    if (at === text.length - 1 && !isEnd) return undefined
    if (text[at + 1] !== '"') return at
  }
  return undefined
}

function countLines(text: string): number {
  return text.includes('\n') || text.includes('\r') ? text.split(/\r\n|\n|\r/).length - 1 : 0
}

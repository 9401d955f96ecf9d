import { ValidationError } from '../../index.ts'
import { SourceError } from '../errors.ts'

const byteOrderMarks: readonly (readonly [encoding: string, bytes: readonly number[]])[] = [
  ['utf-8', [0xef, 0xbb, 0xbf]],
  ['utf-16le', [0xff, 0xfe]],
  ['utf-16be', [0xfe, 0xff]],
]

/**
 * Bytes as text: in the encoding that a byte order mark tells, else in the one that was named, else in UTF-8. Bytes that
 * are no text in it are an error with line and column: a replacement character would end up in a budget.
 *
 * @throws {ValidationError} where nobody knows the encoding.
 */
export function textOf(
  chunks: AsyncIterable<Uint8Array | string>,
  encoding: string | undefined,
): AsyncGenerator<string, void, undefined> {
  checkEncoding(encoding)
  return decode(chunks, encoding)
}

async function* decode(chunks: AsyncIterable<Uint8Array | string>, encoding: string | undefined) {
  let decoder: TextDecoder | undefined
  let head: Uint8Array = new Uint8Array()
  const place = new Place()
  for await (const chunk of chunks) {
    if (typeof chunk === 'string') {
      yield place.isAtStart ? place.after(chunk.replace(/^\ufeff/, '')) : place.after(chunk)
      continue
    }
    let bytes: Uint8Array = chunk
    if (decoder === undefined) {
      // The mark may come in pieces.
      head = head.length === 0 ? chunk : Buffer.concat([head, chunk])
      if (head.length < 3) continue
      decoder = decoderOf(head, encoding)
      bytes = head
    }
    yield place.after(decodeSome(decoder, bytes, place, true))
  }
  decoder ??= decoderOf(head, encoding)
  const rest = head.length < 3 ? head : new Uint8Array()
  yield decodeSome(decoder, rest, place, false)
}

function decodeSome(decoder: TextDecoder, bytes: Uint8Array, place: Place, stream: boolean): string {
  try {
    return decoder.decode(bytes, { stream })
  } catch (cause) {
    throw new SourceError(
      `The bytes are not ${decoder.encoding.toUpperCase()}.`,
      whereItEnds(decoder.encoding, bytes, place),
      { cause, hint: 'Name the encoding of the source, such as { encoding: "windows-1252" }.' },
    )
  }
}

/** The first character that is none. What an earlier chunk left over of it is less than a character. */
function whereItEnds(encoding: string, bytes: Uint8Array, place: Place) {
  const decoder = new TextDecoder(encoding, { fatal: true })
  let good = ''
  try {
    for (const byte of bytes) good += decoder.decode(Uint8Array.of(byte), { stream: true })
  } catch {
    // Here it is.
  }
  place.after(good)
  return { line: place.line, column: place.column }
}

function decoderOf(head: Uint8Array, named: string | undefined): TextDecoder {
  const [marked] = byteOrderMarks.find(([, mark]) => mark.every((byte, index) => head[index] === byte)) ?? []
  if (marked === undefined && named === undefined && looksLikeUtf16(head)) {
    throw new SourceError(
      'It looks like UTF-16, without the mark that says so.',
      { line: 1, column: 1 },
      {
        hint: 'Name the encoding: { encoding: "utf-16le" } or "utf-16be".',
      },
    )
  }
  return new TextDecoder(marked ?? named ?? 'utf-8', { fatal: true })
}

function looksLikeUtf16([first, second]: Uint8Array): boolean {
  return (first === 0) !== (second === 0)
}

function checkEncoding(encoding: string | undefined): void {
  try {
    new TextDecoder(encoding)
  } catch (cause) {
    throw new ValidationError('encoding', encoding, "a label of the Encoding Standard, such as 'utf-8'", {
      cause,
    })
  }
}

/** Where in a text one is. */
class Place {
  line = 1
  column = 1
  isAtStart = true

  after(text: string): string {
    const before = this.line
    for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) this.line++
    this.column = this.line === before ? this.column + text.length : text.length - text.lastIndexOf('\n')
    this.isAtStart &&= text === ''
    return text
  }
}

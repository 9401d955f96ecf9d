import type { SaxesParser } from 'saxes'
import { SourceError } from '../errors.ts'
import { missing } from './xlsx-archive.ts'

/** What is told about a document while it is read. Names come without their prefix. */
export interface XmlEvents {
  open?(name: string, attributes: Readonly<Record<string, string>>): void
  close?(name: string): void
  text?(text: string): void
}

/**
 * Reads XML piece by piece, and gives what `take` takes after each. Entities of a document's own are not known, so none
 * can grow.
 */
export async function* readXml<T>(
  pieces: AsyncIterable<string>,
  events: XmlEvents,
  take: () => T,
): AsyncGenerator<T, void, undefined> {
  const { SaxesParser } = await import('saxes').catch(missing('saxes'))
  const parser: SaxesParser = new SaxesParser()
  let failure: SourceError | undefined
  parser.on('error', (cause) => {
    failure ??= new SourceError(`The workbook cannot be read: ${cause.message}`, {}, { cause })
  })
  parser.on('opentag', ({ name, attributes }) => {
    // Without namespaces (`xmlns`), which this is, attributes are plain text.
    events.open?.(localName(name), attributes)
  })
  parser.on('closetag', ({ name }) => events.close?.(localName(name)))
  parser.on('text', (text) => events.text?.(text))
  parser.on('cdata', (text) => events.text?.(text))
  const check = (): void => {
    if (failure !== undefined) throw failure
  }
  for await (const piece of pieces) {
    parser.write(piece)
    check()
    yield take()
  }
  parser.close()
  check()
  yield take()
}

/** Reads all of it. */
export async function readWholeXml(pieces: AsyncIterable<string>, events: XmlEvents): Promise<void> {
  const reading = readXml(pieces, events, () => undefined)
  while ((await reading.next()).done !== true);
}

function localName(name: string): string {
  return name.slice(name.indexOf(':') + 1)
}

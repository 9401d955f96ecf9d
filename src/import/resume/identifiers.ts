import { createHash } from 'node:crypto'

/** A UUID, version 8, that is always the same for the same words. */
export function uuidOf(...words: readonly (string | number)[]): string {
  const bytes = createHash('sha256').update(JSON.stringify(words)).digest().subarray(0, 16)
  bytes.writeUInt8(0x80 | (bytes.readUInt8(6) & 0x0f), 6) // version 8
  bytes.writeUInt8(0x80 | (bytes.readUInt8(8) & 0x3f), 8) // the RFC's variant
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}

/** What stands for a text in a checkpoint. */
export function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

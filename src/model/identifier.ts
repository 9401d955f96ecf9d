/**
 * A new UUID, version 7: the leading bits are the time, so that rows keyed by it stay close together in an index.
 * Made by hand because `crypto.randomUUID` is missing on pages served over plain http.
 */
export function newUuid(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  const view = new DataView(bytes.buffer)
  const now = Date.now()
  view.setUint32(0, Math.floor(now / 0x1_0000))
  view.setUint16(4, now % 0x1_0000)
  view.setUint8(6, 0x70 | (view.getUint8(6) & 0x0f)) // version 7
  view.setUint8(8, 0x80 | (view.getUint8(8) & 0x3f)) // the RFC's variant
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}

/**
 * The UUID, version 8, of a part of something: always the same for the same part, never that of another part, nor of
 * anything that has a version 4 or 7 of its own.
 */
export function partUuid(whole: string, start: number, length: number): string {
  const leading = (parseInt(whole.slice(0, 8), 16) ^ (start * 0x4000 + length)) >>> 0
  return `${leading.toString(16).padStart(8, '0')}${whole.slice(8, 14)}8${whole.slice(15)}`
}

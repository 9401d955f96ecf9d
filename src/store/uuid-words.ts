// A UUID as four 32-bit numbers, the most significant first.

const hex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))
const nibbles = new Int8Array(128).fill(-1)
for (let nibble = 0; nibble < 16; nibble += 1) nibbles[nibble.toString(16).charCodeAt(0)] = nibble
const dash = 45

/** Puts the UUID into `into`; false for a text that {@link uuidText} would not give back as it is. */
export function readUuid(text: string, into: Uint32Array): boolean {
  if (text.length !== 36) return false
  const isDashed =
    text.charCodeAt(8) === dash &&
    text.charCodeAt(13) === dash &&
    text.charCodeAt(18) === dash &&
    text.charCodeAt(23) === dash
  const [a, b, c, d] = [read4(text, 0), read4(text, 4), read4(text, 9), read4(text, 14)]
  const [e, f, g, h] = [read4(text, 19), read4(text, 24), read4(text, 28), read4(text, 32)]
  if (!isDashed || (a | b | c | d | e | f | g | h) < 0) return false
  into[0] = (a << 16) | b
  into[1] = (c << 16) | d
  into[2] = (e << 16) | f
  into[3] = (g << 16) | h
  return true
}

/** Four hexadecimal digits; negative where one is none. */
function read4(text: string, at: number): number {
  const first = text.charCodeAt(at)
  const second = text.charCodeAt(at + 1)
  const third = text.charCodeAt(at + 2)
  const fourth = text.charCodeAt(at + 3)
  if ((first | second | third | fourth) > 127) return -1
  return (nibbles[first]! << 12) | (nibbles[second]! << 8) | (nibbles[third]! << 4) | nibbles[fourth]!
}

export function uuidText(words: Uint32Array, from: number): string {
  const second = words[from + 1]!
  const third = words[from + 2]!
  return `${text8(words[from]!)}-${text4(second >>> 16)}-${text4(second)}-${text4(third >>> 16)}-${text4(third)}${text8(words[from + 3]!)}`
}

const text8 = (word: number) => text4(word >>> 16) + text4(word)
const text4 = (half: number) => hex[(half >>> 8) & 255]! + hex[half & 255]!

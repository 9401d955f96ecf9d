// A UUID as four 32-bit numbers, the most significant first.

const hex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))
const nibbles = new Int8Array(128).fill(-1)
for (let nibble = 0; nibble < 16; nibble += 1) nibbles[nibble.toString(16).charCodeAt(0)] = nibble
const dash = 45

/** Puts the UUID into `into`; false for a text that {@link uuidText} would not give back as it is. */
export function readUuid(text: string, into: Uint32Array): boolean {
  if (text.length !== 36) return false
  let word = 0
  let digits = 0
  for (let at = 0; at < 36; at += 1) {
    const unit = text.charCodeAt(at)
    if (at === 8 || at === 13 || at === 18 || at === 23) {
      if (unit !== dash) return false
      continue
    }
    const nibble = unit < 128 ? (nibbles[unit] as number) : -1
    if (nibble < 0) return false
    word = (word << 4) | nibble
    digits += 1
    if ((digits & 7) === 0) into[(digits >>> 3) - 1] = word
  }
  return true
}

export function uuidText(words: Uint32Array, from: number): string {
  const [first, second, third, fourth] = [0, 1, 2, 3].map((word) => words[from + word] as number) as [
    number,
    number,
    number,
    number,
  ]
  return `${hex4(first >>> 16)}${hex4(first)}-${hex4(second >>> 16)}-${hex4(second)}-${hex4(third >>> 16)}-${hex4(third)}${hex4(fourth >>> 16)}${hex4(fourth)}`
}

function hex4(bits: number): string {
  return (hex[(bits >>> 8) & 255] as string) + (hex[bits & 255] as string)
}

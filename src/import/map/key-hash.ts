const seed = crypto.getRandomValues(new Uint32Array(1))[0] ?? 0

/**
 * MurmurHash3 (x86, 128 bits) of a text's UTF-16 units, into `into`. It makes nothing that has to be collected again, which a
 * million digests of node:crypto do. Seeded by chance, so that no source can be made whose keys collide.
 */
export function hashKey(key: string, into: Uint32Array): void {
  let [first, second, third, fourth] = [seed, seed, seed, seed]
  const { length } = key
  // Behind its end the text goes on with zeros; the length tells.
  for (let at = 0; at < length; at += 8) {
    first ^= mixed(pair(key, at), 0x239b961b, 15, 0xab0e9789)
    first = Math.imul(rotated(first, 19) + second, 5) + 0x561ccd1b
    second ^= mixed(pair(key, at + 2), 0xab0e9789, 16, 0x38b34ae5)
    second = Math.imul(rotated(second, 17) + third, 5) + 0x0bcaa747
    third ^= mixed(pair(key, at + 4), 0x38b34ae5, 17, 0xa1e38b93)
    third = Math.imul(rotated(third, 15) + fourth, 5) + 0x96cd1c35
    fourth ^= mixed(pair(key, at + 6), 0xa1e38b93, 18, 0x239b961b)
    fourth = Math.imul(rotated(fourth, 13) + first, 5) + 0x32ac3b17
  }
  first ^= length
  second ^= length
  third ^= length
  fourth ^= length
  first += second + third + fourth
  second += first
  third += first
  fourth += first
  first = avalanche(first)
  second = avalanche(second)
  third = avalanche(third)
  fourth = avalanche(fourth)
  first += second + third + fourth
  into[0] = first
  into[1] = second + first
  into[2] = third + first
  into[3] = fourth + first
}

/** Two units as one number; none is 0. */
function pair(key: string, at: number): number {
  return key.charCodeAt(at) | (key.charCodeAt(at + 1) << 16)
}

function mixed(word: number, before: number, turn: number, after: number): number {
  return Math.imul(rotated(Math.imul(word, before), turn), after)
}

function rotated(word: number, turn: number): number {
  return (word << turn) | (word >>> (32 - turn))
}

function avalanche(word: number): number {
  let mixed = Math.imul(word ^ (word >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return mixed ^ (mixed >>> 16)
}

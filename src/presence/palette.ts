// White text can be read on each of them (at least 4.5 to 1, WCAG AA), and none is told from the next by hue alone.
const palette = [
  '#b91c1c',
  '#1d4ed8',
  '#15803d',
  '#a21caf',
  '#c2410c',
  '#0f766e',
  '#6d28d9',
  '#a16207',
  '#be185d',
  '#0369a1',
  '#4d7c0f',
  '#57534e',
] as const

/** A colour of the palette, as `#rrggbb`. White text can be read on it. */
export type PresenceColor = `#${string}`

/**
 * A colour for each of these users: the one that his id asks for, or the next that is free. The same in every client that
 * sees the same users; alone, a user always has the same.
 */
export function colorsOf(users: Iterable<string>): ReadonlyMap<string, PresenceColor> {
  const taken = new Set<number>()
  const colors = new Map<string, PresenceColor>()
  // In an order that no client has to agree on with another.
  for (const user of [...new Set(users)].toSorted()) {
    const wanted = hash(user) % palette.length
    let index = wanted
    if (taken.size < palette.length) while (taken.has(index)) index = (index + 1) % palette.length
    taken.add(index)
    colors.set(user, palette[index] ?? palette[0])
  }
  return colors
}

/** FNV-1a, of which nobody has to be proof against anything. */
function hash(text: string): number {
  let sum = 0x811c9dc5
  for (let index = 0; index < text.length; index++) {
    sum = Math.imul(sum ^ text.charCodeAt(index), 0x01000193)
  }
  return sum >>> 0
}

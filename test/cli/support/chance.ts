/** What differs from run to run, put in place of by what does not: ids in the order in which they come, times, ports. */
export function withoutChance(text: string): string {
  const standIns = new Map<string, string>()
  const standInOf = (id: string): string => {
    const known = standIns.get(id)
    if (known !== undefined) return known
    const made = `00000000-0000-4000-8000-${String(standIns.size + 1).padStart(12, '0')}`
    standIns.set(id, made)
    return made
  }
  return text
    .replaceAll('\r\n', '\n')
    .replaceAll(uuid, standInOf)
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)/g, '2026-07-01T09:00:00Z')
    .replaceAll(/http:\/\/127\.0\.0\.1:\d+/g, 'http://127.0.0.1:54321')
    .replaceAll(/\bin \d+ ms\b/g, 'in 12 ms')
    .replaceAll(/\b[\d,]+ bytes\b/g, '100 bytes')
}

const uuid = /\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g

export function uuidsIn(text: string): string[] {
  return text.match(uuid) ?? []
}

import { readFileSync } from 'node:fs'

/** The package's, which lies two folders up from the source and from the built command alike. */
export function readVersion(): string {
  const file = new URL('../../package.json', import.meta.url)
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version
}

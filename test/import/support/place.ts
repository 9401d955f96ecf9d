import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** A folder of the test's own, gone when the test ends. */
export function ownFolder(): string {
  const path = mkdtempSync(join(realpathSync(tmpdir()), 'cells-import-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

/** A file with that content, in a folder of the test's own. */
export function fileWith(name: string, content: string | Uint8Array): string {
  const path = join(ownFolder(), name)
  writeFileSync(path, content)
  return path
}

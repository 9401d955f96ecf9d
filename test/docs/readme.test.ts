import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'vitest'
import { localOnly } from '../support/stack.ts'
import { readCodeBlocks } from './code-blocks.ts'

const root = join(import.meta.dirname, '../..')

localOnly('it starts a stack of its own').it(
  'the first program of the README is short, and works as pasted',
  { timeout: 60_000 },
  async () => {
    const [program] = readCodeBlocks().filter(({ name }) => name.startsWith('README.md'))
    expect(program!.code.trim().split('\n').length).toBeLessThan(30)
    // Inside the clone, where the imports of a pasted program resolve.
    await mkdir(join(root, 'reports'), { recursive: true })
    const folder = await mkdtemp(join(root, 'reports/first-program-'))
    try {
      await writeFile(join(folder, 'first.ts'), program!.code)
      const { stdout } = await promisify(execFile)(
        process.execPath,
        ['--import', './scripts/from-source.mjs', join(folder, 'first.ts')],
        { cwd: root },
      )
      expect(stdout).toBe('Bob wrote 45000 meanwhile; Alice keeps hers.\nNow 46000, version 2.\n')
    } finally {
      await rm(folder, { recursive: true })
    }
  },
)

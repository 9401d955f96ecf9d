import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface CodeBlock {
  /** Where it stands, as `file:line`. */
  readonly name: string
  readonly code: string
  readonly language: 'ts' | 'tsx'
}

const root = join(import.meta.dirname, '../..')

/** Every ```ts and ```tsx block of the README, the docs and the docstrings. */
export function readCodeBlocks(): CodeBlock[] {
  const pages = [
    'README.md',
    ...globSync('docs/**/*.md', { cwd: root, exclude: ['docs/reference/api/**'] }),
  ].flatMap((file) => blocksIn(file, readFileSync(join(root, file), 'utf8')))
  const docstrings = globSync('src/**/*.{ts,tsx}', { cwd: root }).flatMap((file) =>
    blocksIn(file, readFileSync(join(root, file), 'utf8').replaceAll(/^ *\* ?/gm, '')),
  )
  return [...pages, ...docstrings]
}

function blocksIn(file: string, text: string): CodeBlock[] {
  return [...text.matchAll(/^```(tsx?)\n([\s\S]*?)^```$/gm)].map((match) => ({
    name: `${file}:${text.slice(0, match.index).split('\n').length}`,
    code: match[2] ?? '',
    language: match[1] === 'tsx' ? 'tsx' : 'ts',
  }))
}

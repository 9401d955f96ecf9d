import { join } from 'node:path'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { readCodeBlocks, type CodeBlock } from './code-blocks.ts'

const root = join(import.meta.dirname, '../..')

describe('code blocks in the documentation', () => {
  const blocks = readCodeBlocks()

  it('are found in pages and in docstrings', () => {
    expect(blocks.some(({ name }) => name.startsWith('README.md'))).toBe(true)
    expect(blocks.some(({ name }) => name.startsWith('src/'))).toBe(true)
  })

  it('compile as they stand', { timeout: 120_000 }, () => {
    expect(typeErrors(blocks)).toEqual([])
  })

  it('would not pass with a mistake in them', { timeout: 120_000 }, () => {
    const wrong = `import { createCells } from '@efir/cells'\nvoid createCells(7)\n`
    for (const language of ['ts', 'tsx'] as const) {
      const errors = typeErrors([{ name: 'wrong', code: wrong, language }])
      expect(errors).toEqual([expect.stringContaining('wrong')])
    }
  })
})

/** Each text as a module of its own beside the sources, checked with the project's own settings. */
function typeErrors(blocks: readonly CodeBlock[]): string[] {
  const file = ts.readConfigFile(join(root, 'tsconfig.json'), (path) => ts.sys.readFile(path))
  const settings = ts.parseJsonConfigFileContent(file.config, ts.sys, root).options
  // A reader's example may leave a name unused; that is not a mistake in it.
  const options = { ...settings, noUnusedLocals: false, noUnusedParameters: false }
  const virtual = new Map(
    blocks.map(({ name, code, language }, index) => [
      join(root, `code-block-${index}.${language}`),
      { name, code: `${code}\nexport {}\n` },
    ]),
  )
  const host = ts.createCompilerHost(options)
  const read = host.readFile.bind(host)
  const exists = host.fileExists.bind(host)
  host.readFile = (path) => virtual.get(path)?.code ?? read(path)
  host.fileExists = (path) => virtual.has(path) || exists(path)
  const sourceOf = host.getSourceFile.bind(host)
  host.getSourceFile = (path, language) => {
    const block = virtual.get(path)
    return block === undefined ? sourceOf(path, language) : ts.createSourceFile(path, block.code, language)
  }
  const program = ts.createProgram([...virtual.keys(), join(root, 'src/migrations/sql.d.ts')], options, host)
  return [...virtual].flatMap(([path, { name }]) => {
    const source = program.getSourceFile(path)
    const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)]
    return found.map(({ messageText }) => `${name}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`)
  })
}

import { join } from 'node:path'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { bundle, targets, type Target } from './support/bundle.ts'

const root = join(import.meta.dirname, '../..')
const whole = `export * from '@efir/cells'`

describe.each(Object.keys(targets) as Target[])('the core, bundled for %s', (target) => {
  it('imports no Node module, and nothing but itself and its one dependency', async () => {
    const { metafile } = await bundle(whole, target)
    const imports = Object.values(metafile.outputs).flatMap((output) => output.imports)
    expect(imports).toEqual([])
    const packages = Object.keys(metafile.inputs).filter((file) => !/^src\/|<stdin>$/.test(file))
    expect(packages.map((file) => file.split('/').slice(0, 2).join('/'))).toContain(
      'node_modules/eventemitter3',
    )
    expect(packages.every((file) => file.startsWith('node_modules/eventemitter3/'))).toBe(true)
  })

  it('names no global that only Node has', async () => {
    const { text } = await bundle(whole, target)
    expect(globalsOf(text)).toEqual([])
  })

  it('would not pass with a Node module or a Node global in it', async () => {
    await expect(bundle(`import { hostname } from 'node:os'\nhostname()`, target)).rejects.toThrow('node:os')
    const { text } = await bundle(`console.log(process.pid, Buffer.from('x'))`, target)
    expect(globalsOf(text)).toEqual(['process', 'Buffer'])
  })
})

it('someone who defines no modules carries nothing of them', async () => {
  const without = await bundle(
    `import { createCells } from '@efir/cells'\nconsole.log(createCells)`,
    'browser',
  )
  const { inputs } = Object.values(without.metafile.outputs)[0]!
  const carried = Object.entries(inputs).filter(
    ([file, { bytesInOutput }]) => file.includes('/modules/') && bytesInOutput > 0,
  )
  expect(carried.map(([file]) => file)).toEqual(['src/modules/rules.ts'])

  const withOne = await bundle(
    `import { createCells, defineModules, boolean } from '@efir/cells'
    console.log(createCells, defineModules({ m: { f: boolean() } }))`,
    'browser',
  )
  expect(Object.keys(Object.values(withOne.metafile.outputs)[0]!.inputs)).not.toContain(
    'src/modules/decimal.ts',
  )
})

/** The names that a program takes from its surroundings and that only Node has there. */
function globalsOf(program: string): string[] {
  const file = join(root, 'bundle.js')
  const options: ts.CompilerOptions = {
    allowJs: true,
    checkJs: true,
    noEmit: true,
    types: [],
    lib: ['lib.es2024.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
    target: ts.ScriptTarget.ES2022,
    strict: false,
  }
  const host = ts.createCompilerHost(options)
  const sourceOf = host.getSourceFile.bind(host)
  host.getSourceFile = (path, language) =>
    path === file ? ts.createSourceFile(path, program, language) : sourceOf(path, language)
  const checker = ts.createProgram([file], options, host)
  const unknownName = new Set([2304, 2552, 2580, 2591])
  return checker
    .getSemanticDiagnostics(checker.getSourceFile(file))
    .filter(({ code }) => unknownName.has(code))
    .map(({ start = 0, length = 0 }) => program.slice(start, start + length))
}

import { join } from 'node:path'
import ts from 'typescript'
import { beforeAll, expect, it } from 'vitest'

const root = join(import.meta.dirname, '../..')
const file = join(root, 'hovered.ts')
const program = `
import { boolean, createCells, decimal, defineModules, oneOf, type AnySupabaseClient } from '@efir/cells'

declare const supabase: AnySupabaseClient
const modules = defineModules({
  revenue: {
    rate: decimal({ scale: 2, period: true, entity: 'optional' }),
    growth: decimal({ as: 'number' }),
    status: oneOf(['draft', 'final']),
    open: boolean(),
  },
})
const typed = createCells(supabase, { modules }).budget('')
const untyped = createCells(supabase).budget('')
const rate = await typed.read({ module: 'revenue', field: 'rate', period: '2025-09' })
const rateValue = rate.value
const growth = await typed.read({ module: 'revenue', field: 'growth' })
const growthValue = growth.value
const written = await typed.write(growth, 1)
const status = (await typed.read({ module: 'revenue', field: 'status' })).value
const many = await typed.readMany([growth, { module: 'revenue', field: 'open' }])
const list = typed.list({ module: 'revenue', field: ['growth', 'open'] })
const { outcomes } = await typed.writeMany([{ cell: growth, value: 2 }])
const unknownModule = await typed.read({ module: 'capex', field: 'amount' })
const plain = await untyped.read({ module: 'revenue', field: 'rate' })
const plainMany = await untyped.readMany([plain])
const id = rate.id
const sheet = await typed.open({ module: 'revenue' })
const shown = sheet.get({ module: 'revenue', field: 'growth' })
const shownValue = shown.value
const range = sheet.range({ field: ['growth', 'open'] })
const handle = sheet.set(shown, 2)
const edit = await sheet.edit(shown)
const plainSheet = await untyped.open()
const plainShown = plainSheet.get({ module: 'revenue', field: 'rate' })
export { sheet, shown, shownValue, range, handle, edit, plainSheet, plainShown }
export { rate, rateValue, growthValue, written, status, many, list, outcomes, unknownModule, plain, plainMany, id, untyped }
`

let hover: (name: string) => string

beforeAll(() => {
  const config = ts.readConfigFile(join(root, 'tsconfig.json'), (path) => ts.sys.readFile(path))
  const { options } = ts.parseJsonConfigFileContent(config.config, ts.sys, root)
  const host: ts.LanguageServiceHost = {
    getCompilationSettings: () => options,
    getCurrentDirectory: () => root,
    getDefaultLibFileName: (settings) => ts.getDefaultLibFilePath(settings),
    getScriptFileNames: () => [file],
    getScriptSnapshot(path) {
      const text = path === file ? program : ts.sys.readFile(path)
      return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text)
    },
    getScriptVersion: () => '1',
    fileExists: (path) => path === file || ts.sys.fileExists(path),
    readFile: (path) => (path === file ? program : ts.sys.readFile(path)),
    directoryExists: (path) => ts.sys.directoryExists(path),
  }
  const service = ts.createLanguageService(host)
  const problems = [...service.getSyntacticDiagnostics(file), ...service.getSemanticDiagnostics(file)]
  expect(problems.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))).toEqual([])
  const names = program.indexOf('export { sheet')
  hover = (name) => {
    const position = names + program.slice(names).search(new RegExp(`\\b${name}\\b`))
    const info = service.getQuickInfoAtPosition(file, position)
    return ts
      .displayPartsToString(info?.displayParts)
      .replace(/^\(alias\) const \w+: /, '')
      .replace(/\nexport \w+$/, '')
  }
}, 120_000)

it.each([
  ['rate', 'TypedCell<"revenue", "rate", DecimalText>'],
  ['rateValue', 'DecimalText | null'],
  ['growthValue', 'number | null'],
  ['written', 'TypedCell<"revenue", "growth", number>'],
  ['status', '"draft" | "final" | null'],
  ['many', '[TypedCell<"revenue", "growth", number>, TypedCell<"revenue", "open", boolean>]'],
  [
    'list',
    'CellList<StoredCell<"revenue", "growth", number> | StoredCell<"revenue", "open", boolean> | UnreadableCell<"revenue", "growth" | "open">>',
  ],
  ['outcomes', 'readonly [WriteOutcome<TypedCell<"revenue", "growth", number>, number | null>]'],
  ['unknownModule', 'Cell'],
  ['plain', 'Cell'],
  ['plainMany', 'Cell[]'],
  ['id', 'CellId | null'],
  ['untyped', 'Budget<NoModules>'],
  ['shown', 'TypedVisibleCell<"revenue", "growth", number> | UnreadableVisibleCell<"revenue", "growth">'],
  ['shownValue', 'number | null'],
  ['plainSheet', 'Sheet<NoModules, string>'],
  ['plainShown', 'VisibleCell'],
])('an editor shows %s as %s', (name, shown) => {
  expect(hover(name)).toBe(shown)
})

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { SupabaseCoordinates, Tenants } from '../../../src/local/index.ts'
import { uuidsIn, withoutChance } from './chance.ts'

const root = join(import.meta.dirname, '../../..')

/** Where the transcript lies. */
export const transcriptFile = join(root, 'docs/guide/command-line-transcript.md')

const files = {
  'plan.csv':
    'module,field,period,value\nrevenue,fees,2026,100000\nrevenue,fees,2027,120000.5\nstaff,posts,2026,12\n',
  'raise.csv': 'module,field,period,value\nrevenue,fees,2027,125000\n',
  'late.csv': 'module,field,period,value\nrevenue,fees,2026,1\n',
}

/** A command as it is typed; ids that were printed before stand in it as `<name>`. */
type Step = { readonly prose: string; readonly commands: readonly string[] }

const steps: readonly Step[] = [
  {
    prose: 'Is everything there? The project, the key and the budget come from the environment.',
    commands: ['efir-cells doctor'],
  },
  {
    prose: 'A plan, looked at first and then imported, as one step. `cat` shows what is in the files.',
    commands: ['cat plan.csv', 'efir-cells import plan.csv --dry-run', 'efir-cells import plan.csv'],
  },
  {
    prose: 'Somebody raises the fees. What was there before?',
    commands: [
      'efir-cells import raise.csv --session "Raise of 2027"',
      'efir-cells history revenue/fees/2027',
      'efir-cells history --since 1 --ndjson',
    ],
  },
  {
    prose: 'The year 2026 is approved: nobody writes it any more, until it is unlocked.',
    commands: [
      'efir-cells locks lock --module revenue --period 2026 --reason Approved --dry-run',
      'efir-cells locks lock revenue/fees/2026 --reason Approved',
      'efir-cells locks list',
      'efir-cells import late.csv',
      'efir-cells locks unlock --module revenue',
      'efir-cells locks unlock --module revenue --yes',
    ],
  },
  {
    prose: 'A question, an answer, and the end of it.',
    commands: [
      'efir-cells comments add staff/posts/2026 "Check with HR" --mention <colleague>',
      'efir-cells comments reply <thread> "They say 12."',
      'efir-cells comments list --open',
      'efir-cells comments resolve <thread>',
      'efir-cells comments counts',
    ],
  },
  {
    prose: 'Back to how it was before the raise, and forth again.',
    commands: [
      'efir-cells history restore 1 --dry-run',
      'efir-cells history restore 1',
      'efir-cells history restore 1 --yes',
      'efir-cells undo --preview',
      'efir-cells undo',
    ],
  },
  {
    prose: 'Into a file, or to whoever reads stdout; what is said about it is on stderr.',
    commands: ['efir-cells export - --module staff --as-of 1'],
  },
  {
    prose: 'What goes wrong says what to do, and has an exit code of its own.',
    commands: [
      'efir-cells exprt budget.csv',
      'efir-cells history fees',
      'efir-cells locks list --budget <stranger>',
      'efir-cells export budget.csv --as-of yesterday',
    ],
  },
]

/** Runs the commands, each in a process of its own, against an organisation that is made for it. */
export async function makeTranscript(stack: SupabaseCoordinates & Tenants): Promise<string> {
  const cwd = await mkdtemp(join(tmpdir(), 'cells-transcript-'))
  try {
    for (const [name, text] of Object.entries(files)) await writeFile(join(cwd, name), text)
    const organization = await stack.createOrganization('Transcript')
    const user = await stack.createUser({ organization })
    const colleague = await stack.createUser({ organization })
    const budget = await stack.createBudget({ organization })
    const env = {
      SUPABASE_URL: stack.url,
      SUPABASE_ANON_KEY: stack.anonKey,
      CELLS_ACCESS_TOKEN: user.accessToken,
      CELLS_BUDGET: budget.id,
    }
    const names: Record<string, string> = { colleague: colleague.id, stranger: organization.id }
    const parts: string[] = []
    for (const { prose, commands } of steps) {
      const lines: string[] = []
      for (const command of commands) {
        const typed = command.replaceAll(/<(\w+)>/g, (_all, name: string) => names[name] ?? name)
        const { exitCode, printed } = await typeIn(typed, { cwd, env })
        if (command.includes('comments add')) names.thread = uuidsIn(printed)[0] ?? ''
        lines.push(
          `$ ${typed}`,
          printed.trimEnd(),
          ...(exitCode === 0 ? [] : [`[exit code ${exitCode}]`]),
          '',
        )
      }
      parts.push(prose, ['```console', ...lines.slice(0, -1), '```'].join('\n'))
    }
    return `${heading}\n\n${withoutChance(parts.join('\n\n'))}\n`
  } finally {
    await rm(cwd, { recursive: true, force: true })
  }
}

const heading = `# The command line, as it runs

Made by \`npm run transcript\`: each command was run in a process of its own against the [local stack](local-stack.md), with
its output in a pipe. Ids, times and ports are stand-ins. See [the command line](command-line.md) for what there is.`

/** Runs a command of the transcript: words, and words in double quotes. */
async function typeIn(
  command: string,
  { cwd, env }: { cwd: string; env: Record<string, string> },
): Promise<{ exitCode: number; printed: string }> {
  const [program, ...argv] = Array.from(
    command.matchAll(/"([^"]*)"|(\S+)/g),
    (word) => word[1] ?? word[2] ?? '',
  )
  if (program === 'cat') return { exitCode: 0, printed: await readFile(join(cwd, argv[0] ?? ''), 'utf8') }
  const path = join(cwd, 'printed')
  // A file for both, so that they stand in the order in which they were written.
  const file = await open(path, 'w')
  const child = spawn(
    process.execPath,
    [
      '--import',
      pathToFileURL(join(root, 'scripts/from-source.mjs')).href,
      join(root, 'src/cli/main.ts'),
      ...argv,
    ],
    { cwd, env: { PATH: process.env.PATH ?? '', ...env }, stdio: ['ignore', file.fd, file.fd] },
  )
  const [exitCode] = (await once(child, 'close')) as [number]
  await file.close()
  return { exitCode, printed: await readFile(path, 'utf8') }
}

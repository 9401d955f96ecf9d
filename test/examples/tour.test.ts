import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@supabase/supabase-js'
import { afterEach, expect, it } from 'vitest'
import { createCells } from '@efir/cells'
import type { LinkSession, Project } from '../../examples/planning-grid/serve.ts'
import { localOnly } from '../support/stack.ts'

const root = join(import.meta.dirname, '../..')
const directories: string[] = []
const running = new Set<ChildProcess>()

afterEach(async () => {
  for (const child of running) child.kill('SIGKILL')
  for (const directory of directories.splice(0)) await rm(directory, { recursive: true, force: true })
})

async function newDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'cells tour é '))
  directories.push(directory)
  return directory
}

/** `npm start`, as a process of its own. */
function startTour(directory: string, ...options: string[]) {
  const script = ['--import', './scripts/from-source.mjs', 'examples/tour/main.ts', '--directory', directory]
  const child = spawn(process.execPath, [...script, ...options], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.add(child)
  let output = ''
  const waiting = new Set<() => void>()
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
      for (const look of waiting) look()
    })
  }
  const exit = once(child, 'close').then(([code]) => {
    running.delete(child)
    for (const look of waiting) look()
    return code as number | null
  })
  return {
    child,
    exit,
    output: () => output,
    /** Resolves with the match once the output has it; rejects when the process ends without. */
    shows: (pattern: RegExp) =>
      new Promise<RegExpMatchArray>((resolve, reject) => {
        const look = () => {
          const match = pattern.exec(output)
          if (match !== null) resolve(match)
          else if (!running.has(child))
            reject(new Error(`The tour ended without ${String(pattern)}:\n${output}`))
        }
        waiting.add(look)
        look()
      }),
  }
}

localOnly('it starts a stack of its own').describe('the tour', () => {
  it('imports the budget and shows the conflict and the refusals', { timeout: 120_000 }, async () => {
    const directory = await newDirectory()
    const tour = startTour(directory, '--once')
    expect(await tour.exit, tour.output()).toBe(0)
    expect(tour.output()).toContain('14,220 created, 0 were there already')
    expect(tour.output()).toContain('now holds 14,220 cells')
    expect(tour.output()).toMatch(
      /VersionConflictError\s+base +\S+ \(version 2\)\s+mine +1800000000\s+theirs 1700000000 \(version 3\)/,
    )
    expect(tour.output()).toContain('Alice looks at both and keeps hers: 1800000000 (version 4)')
    expect(tour.output()).toMatch(/CellLockedError: .+ \(Approved by the board\)/)
    expect(tour.output().match(/(read|list|write): NotFoundError/g)).toHaveLength(3)

    const again = startTour(directory, '--once')
    expect(await again.exit, again.output()).toBe(0)
    expect(again.output()).toContain('0 created, 14,220 were there already')
  })

  it(
    'goes on after a SIGKILL in the middle of the import, with no cell doubled',
    { timeout: 120_000 },
    async () => {
      const directory = await newDirectory()
      const killed = startTour(directory, '--once')
      await killed.shows(/[1-9][\d,]* of 14,220/)
      killed.child.kill('SIGKILL')
      await killed.exit

      const again = startTour(directory, '--once')
      expect(await again.exit, again.output()).toBe(0)
      const [, created, present] = await again.shows(/([\d,]+) created, ([\d,]+) were there already/)
      expect(Number(present!.replace(',', ''))).toBeGreaterThan(0)
      expect(Number(created!.replace(',', '')) + Number(present!.replace(',', ''))).toBe(14_220)
      expect(again.output()).toContain('now holds 14,220 cells')
    },
  )

  it('serves the grid, with a link for each, until it is asked to stop', { timeout: 240_000 }, async () => {
    const tour = startTour(await newDirectory())
    const [, url] = await tour.shows(/URL +(\S+)/)
    const [, anonKey] = await tour.shows(/anon key +(\S+)/)
    const [, budgetVersionId] = await tour.shows(/budget version +(\S+)/)
    const [, origin, fragment] = await tour.shows(/Bob.*\n +(\S+\/)#(\S+)/)
    const page = await fetch(origin!)
    expect(await page.text()).toContain('<div id="app">')
    const project = (await (await fetch(`${origin!}project.json?rows=1000`)).json()) as Project
    expect(project.outline.accounts).toHaveLength(1_000)

    const supabase = createClient(url!, anonKey!, {
      auth: { persistSession: false, autoRefreshToken: false },
    })
    const session = Object.fromEntries(new URLSearchParams(fragment)) as Record<keyof LinkSession, string>
    await supabase.auth.setSession(session)
    const [first] = await Array.fromAsync(
      createCells(supabase).budget(budgetVersionId!).list({ period: 'TQ' }),
    )
    expect(first).toMatchObject({ module: 'receipts', period: 'TQ', kind: 'number' })
    tour.child.kill('SIGTERM')
    expect(await tour.exit, tour.output()).toBe(0)
    expect(tour.output()).toContain('Stopping.')
  })
})

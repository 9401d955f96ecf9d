import { describe, expect, test } from 'vitest'
import { useStack } from '../support/stack.ts'
import { callCommand } from './support/call.ts'
import { efirCells, member } from './support/command.ts'

const stack = await useStack()

/** A budget in which a step of two cells was written, and one of them again. */
async function plan() {
  const place = await member(stack)
  const input = 'module,field,period,value\nrevenue,fees,2026,100\nstaff,posts,2026,12\n'
  await callCommand(['import', '-', '--session', 'First plan'], { ...place, input })
  const raised = 'module,field,period,value\nrevenue,fees,2026,120\n'
  await callCommand(['import', '-', '--session', 'Raise'], { ...place, input: raised })
  return place
}

type Answer = { readonly changes: { readonly revision: number }[]; readonly next: unknown }

describe('efir-cells history', { timeout: 120_000 }, () => {
  test('tells each step with its cells, newest first, and of one cell, period, user or kind alone', async () => {
    const place = await plan()
    const all = await efirCells(['history'], place)
    expect(all).toMatchObject({ exitCode: 0, stderr: '3 changes, as of revision 2.\n' })
    const lines = all.stdout.split('\n')
    expect(lines[0]).toMatch(/^revision 2 {2}\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ {2}import: Raise$/)
    expect(lines[1]).toBe(`  user     ${place.user.id}`)
    expect(lines[3]).toBe('  ~ revenue / – / fees / 2026  100 → 120')
    expect(lines).toContain('  + staff / – / posts / 2026   12')

    const countOf = async (...flags: string[]) => {
      const { stdout, exitCode } = await callCommand(['history', '--ndjson', ...flags], place)
      expect(exitCode).toBe(0)
      return stdout.split('\n').length - 1
    }
    const counts = await Promise.all([
      countOf('revenue/fees/2026'),
      countOf('staff / – / posts / 2026'),
      countOf('["revenue",null,"fees","2026"]'),
      countOf('--period', '2026'),
      countOf('--module', 'staff', '--user', place.user.id),
      countOf('--user', 'none'),
      countOf('--type', 'manual', '--type', 'undo'),
      countOf('--type', 'import', '--limit', '1'),
      countOf('--since', '1'),
      countOf('--until', '1'),
      countOf('--until', '1', '--limit', '1'),
      countOf('--since', '2000-01-01T00:00:00Z', '--until', '2100-01-01T00:00:00Z'),
    ])
    expect(counts).toEqual([2, 1, 2, 3, 1, 0, 0, 1, 1, 2, 1, 3])
  })

  test('goes on behind an earlier answer, and misses and doubles nothing', async () => {
    const place = await plan()
    const seen: number[] = []
    let before: string[] = []
    do {
      const argv = ['history', '--json', '--until', '2', '--limit', '1', ...before]
      const { stdout } = await callCommand(argv, place)
      const { changes, next } = JSON.parse(stdout) as Answer
      seen.push(...changes.map(({ revision }) => revision))
      before = next === null ? [] : ['--before', JSON.stringify(next)]
    } while (before.length > 0)
    expect(seen).toEqual([2, 1, 1])
  })

  test('restore shows first what it would do, asks nobody in a pipe, and is a step that undo takes back', async () => {
    const place = await plan()
    const dry = await efirCells(['history', 'restore', '1', '--dry-run'], place)
    expect(dry).toMatchObject({
      exitCode: 0,
      stdout: '~ revenue / – / fees / 2026: 120 → 100\nNothing was written.\n',
    })
    const begin = await efirCells(
      ['history', 'restore', '0', '--module', 'staff', '--dry-run', '--json'],
      place,
    )
    expect(JSON.parse(begin.stdout)).toMatchObject({
      restoredRevision: 0,
      cells: [{ now: { field: 'posts', value: '12' }, then: { exists: false } }],
    })
    const misplaced = await efirCells(['history', '--module', 'staff', 'restore', '0', '--yes'], place)
    expect(misplaced).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('--module') as string })
    const unasked = await efirCells(['history', 'restore', '1'], place)
    expect(unasked).toMatchObject({ exitCode: 5, stderr: expect.stringContaining('--yes') as string })

    // The raise is of another module.
    const none = await efirCells(['history', 'restore', '1', '--yes', '--module', 'staff'], place)
    expect(none.stdout).toBe('Every cell shows what it showed at revision 1.\n')
    const restored = await efirCells(['history', 'restore', '1', '--yes', '--label', 'Back'], place)
    expect(restored).toMatchObject({
      exitCode: 0,
      stdout: '1 cell restored to revision 1. efir-cells undo takes it back.\n',
    })
    expect((await efirCells(['undo'], place)).stdout).toContain('Undone: Back')
  })

  test('says what is wrong with a cell, a bound, a cursor or a budget', async () => {
    const place = await member(stack)
    const stranger = await member(stack)
    const of = async (argv: string[], budget = place.budget.id) =>
      await callCommand(['history', ...argv], { env: { ...place.env, CELLS_BUDGET: budget } })
    const [cell, since, limit, cursor, flag, revision, foreign, foreignRestore] = await Promise.all([
      of(['revenue']),
      of(['--since', 'yesterday']),
      of(['--limit', '0']),
      of(['--before', 'x']),
      of(['--perod', '2026']),
      of(['restore', '99', '--yes']),
      of([], stranger.budget.id),
      of(['restore', '0', '--dry-run'], stranger.budget.id),
    ])
    expect(cell).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('MODULE/FIELD') as string })
    expect(since).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('offset') as string })
    expect(limit).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('or "all"') as string })
    expect(cursor.exitCode).toBe(2)
    expect(flag).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('--period') as string })
    expect(revision.exitCode).toBe(2)
    expect(foreign).toMatchObject({ exitCode: 9, stdout: '' })
    expect(foreignRestore.exitCode).toBe(9)
  })
})

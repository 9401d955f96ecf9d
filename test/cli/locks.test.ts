import { describe, expect, test } from 'vitest'
import { useStack } from '../support/stack.ts'
import { callCommand } from './support/call.ts'
import { efirCells, member } from './support/command.ts'

const stack = await useStack()

async function plan() {
  const place = await member(stack)
  const input =
    'module,field,period,value\nrevenue,fees,2026,100\nrevenue,fees,2027,120\nstaff,posts,2026,12\n'
  await callCommand(['import', '-'], { ...place, input })
  return place
}

describe('efir-cells locks', { timeout: 120_000 }, () => {
  test('locks cells by name, lists them with the reason, and unlocks them', async () => {
    const place = await plan()
    const named = ['revenue/fees/2026', 'staff/none/posts/2026']
    const dry = await efirCells(['locks', 'lock', ...named.slice(0, 1), '--dry-run'], place)
    expect(dry).toMatchObject({
      exitCode: 0,
      stdout: 'would lock  revenue / – / fees / 2026\nNothing was done.\n',
    })
    const locked = await efirCells(
      ['locks', 'lock', named[0]!, 'revenue/nope', '--reason', 'Approved'],
      place,
    )
    expect(locked).toMatchObject({
      exitCode: 8,
      stdout:
        'locked     revenue / – / fees / 2026\nnot_found  revenue / – / nope / –: There is no such cell.\n',
    })
    expect(await efirCells(['locks', 'list'], place)).toMatchObject({
      exitCode: 0,
      stdout: 'revenue / – / fees / 2026  100  Approved\n',
      stderr: '1 locked cell.\n',
    })
    // What the list prints is what stdin takes.
    const input = 'revenue / – / fees / 2026\n\n["staff",null,"posts","2026"]\n'
    const unlocked = await efirCells(['locks', 'unlock', '-', '--json'], { ...place, input })
    expect(unlocked.exitCode).toBe(0)
    expect(JSON.parse(unlocked.stdout)).toMatchObject({
      changed: 1,
      outcomes: [{ status: 'unlocked' }, { status: 'unchanged', cell: { module: 'staff', field: 'posts' } }],
    })
  })

  test('by filter it counts first, and goes on when told --yes', async () => {
    const place = await plan()
    const lock = ['locks', 'lock', '--module', 'revenue', '--reason', 'Approved']
    expect(await callCommand([...lock, '--dry-run'], place)).toMatchObject({
      exitCode: 0,
      stdout: '2 cells would be locked. Nothing was done.\n',
    })
    expect(await callCommand(lock, place)).toMatchObject({
      exitCode: 5,
      stderr: expect.stringContaining('2 cells would be locked. Nothing was done: say --yes') as string,
    })
    expect(await callCommand([...lock, '--yes'], place)).toMatchObject({
      exitCode: 0,
      stdout: '2 cells locked.\n',
    })
    const again = await callCommand(
      ['locks', 'lock', '--all', '--reason', 'Approved', '--dry-run', '--json'],
      place,
    )
    expect(JSON.parse(again.stdout)).toEqual({ dryRun: true, cells: 1, unchanged: 2 })
    const lines = await callCommand(['locks', 'list', '--ndjson', '--limit', '1'], place)
    expect(lines.stdout.trim().split('\n')).toHaveLength(1)
    expect(await callCommand(['locks', 'unlock', '--all', '--yes'], place)).toMatchObject({
      stdout: '2 cells unlocked.\n',
    })
    expect((await callCommand(['locks', 'list'], place)).stderr).toBe('No cell is locked.\n')
  })

  test('never takes silence for the whole budget, and says what is wrong', async () => {
    const place = await member(stack)
    const stranger = await member(stack)
    const foreign = { env: { ...place.env, CELLS_BUDGET: stranger.budget.id } }
    const [nothing, both, reason, command, flag, theirs, theirCell] = await Promise.all([
      callCommand(['locks', 'unlock', '--yes'], place),
      callCommand(['locks', 'lock', 'revenue/fees', '--module', 'revenue'], place),
      callCommand(['locks', 'lock', 'revenue/fees', '--reason', 'x'.repeat(201)], place),
      callCommand(['locks', 'lokc'], place),
      callCommand(['locks', 'list', '--modul', 'x'], place),
      callCommand(['locks', 'list'], foreign),
      callCommand(['locks', 'lock', 'revenue/fees'], foreign),
    ])
    expect(nothing).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('--all') as string })
    expect(both.exitCode).toBe(2)
    expect(reason.exitCode).toBe(2)
    expect(command).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('lock?') as string })
    expect(flag.exitCode).toBe(2)
    expect(theirs.exitCode).toBe(9)
    expect(theirCell.exitCode).toBe(9)
  })
})

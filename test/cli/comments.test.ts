import { describe, expect, test } from 'vitest'
import type { CellComment } from '../../src/index.ts'
import { useStack } from '../support/stack.ts'
import { callCommand } from './support/call.ts'
import { efirCells, member } from './support/command.ts'

const stack = await useStack()

/** A member, and a colleague of the same organisation. */
async function colleagues() {
  const me = await member(stack)
  const user = await stack.createUser({ organization: me.organization })
  return { me, colleague: { user, env: { ...me.env, CELLS_ACCESS_TOKEN: user.accessToken } } }
}

describe('efir-cells comments', { timeout: 120_000 }, () => {
  test('begins a thread, answers, lists, counts, resolves and reopens it, and has an inbox', async () => {
    const { me, colleague } = await colleagues()
    const argv = ['comments', 'add', 'revenue/fees/2026', 'Check with HR', '--mention', colleague.user.id]
    const begun = await efirCells([...argv, '--json'], me)
    expect(begun.exitCode).toBe(0)
    const { id } = JSON.parse(begun.stdout) as CellComment

    const inbox = await efirCells(['comments', 'inbox', '--unread'], colleague)
    expect(inbox).toMatchObject({ exitCode: 0, stderr: '1 mention; 1 unread in all.\n' })
    expect(inbox.stdout).toContain(`unread revenue / – / fees / 2026\n  thread  ${id}\n`)
    expect(inbox.stdout).toContain('    Check with HR\n')

    const reply = await efirCells(['comments', 'reply', id, '-'], {
      ...colleague,
      input: 'They say 12.\nFrom September on.\n',
    })
    expect(reply).toMatchObject({ exitCode: 0, stdout: expect.stringContaining(`in thread ${id}`) as string })
    expect((await efirCells(['comments', 'counts'], me)).stdout.split('\n')[0]).toBe(
      'revenue / – / fees / 2026  2 comments  1 open  1 unread',
    )
    expect(await efirCells(['comments', 'mark-read', '--all'], me)).toMatchObject({
      exitCode: 0,
      stdout: 'Read: 1 thread had news.\n',
    })
    const listed = await efirCells(['comments', 'list', 'revenue/fees/2026', '--open'], me)
    expect(listed.stdout).toContain(`open revenue / – / fees / 2026\n  thread  ${id}\n`)
    expect(listed.stdout).toContain('    They say 12.\n    From September on.\n')

    expect((await efirCells(['comments', 'resolve', id], me)).stdout).toBe(`Resolved: ${id}\n`)
    expect((await efirCells(['comments', 'list', '--open'], me)).stderr).toBe('No threads.\n')
    const reopened = await efirCells(['comments', 'reopen', id, '--json'], me)
    expect(JSON.parse(reopened.stdout)).toMatchObject({ threads: [{ id, isResolved: false }] })
    const counted = await efirCells(['comments', 'counts', 'revenue/fees/2026', 'revenue/fees', '--json'], me)
    expect(JSON.parse(counted.stdout)).toMatchObject({
      comments: 2,
      cells: [
        { comments: 2, unresolvedThreads: 1, unread: 0 },
        { comments: 0, cell: { module: 'revenue', field: 'fees' } },
      ],
    })
  })

  test('shows control characters that somebody wrote, and does not let the terminal obey them', async () => {
    const { me, colleague } = await colleagues()
    const text = 'Fine.\u001b[2K\u001b]0;owned\u0007\u009b31m'
    await callCommand(['comments', 'add', 'revenue/fees', text, '--mention', me.user.id], colleague)
    for (const command of ['list', 'inbox']) {
      const { stdout } = await callCommand(['comments', command], me)
      expect(stdout).toContain('Fine.\\u001b[2K\\u001b]0;owned\\u0007\\u009b31m')
    }
    const json = await callCommand(['comments', 'list', '--json'], me)
    for (const control of ['\u001b', '\u009b']) expect(json.stdout).not.toContain(control)
    expect(JSON.parse(json.stdout)).toMatchObject({ threads: [{ comments: [{ text }] }] })
  })

  test('says what is wrong: a thread that is not there, a stranger, a budget of others, nobody signed in', async () => {
    const { me } = await colleagues()
    const stranger = await member(stack)
    const foreign = { env: { ...me.env, CELLS_BUDGET: stranger.budget.id } }
    const nobody = { env: { ...me.env, CELLS_ACCESS_TOKEN: '', SUPABASE_SERVICE_ROLE_KEY: stack.serviceKey } }
    const [thread, mention, both, selection, flag, theirs, inbox] = await Promise.all([
      callCommand(['comments', 'reply', stranger.budget.id, 'Hello'], me),
      callCommand(['comments', 'add', 'revenue/fees', 'Hello', '--mention', stranger.user.id], me),
      callCommand(['comments', 'list', '--open', '--resolved'], me),
      callCommand(['comments', 'counts', 'revenue/fees', '--module', 'revenue'], me),
      callCommand(['comments', 'list', '--opn'], me),
      callCommand(['comments', 'list'], foreign),
      callCommand(['comments', 'inbox'], nobody),
    ])
    expect(thread.exitCode).toBe(9)
    expect(mention).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('mentions') as string })
    expect(both.exitCode).toBe(2)
    expect(selection.exitCode).toBe(2)
    expect(flag.exitCode).toBe(2)
    expect(theirs.exitCode).toBe(9)
    expect(inbox).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('CELLS_ACCESS_TOKEN') as string,
    })
  })
})

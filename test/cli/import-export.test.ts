import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { useStack } from '../support/stack.ts'
import { efirCells, member, StartedCommand, temporaryDirectory } from './support/command.ts'

const stack = await useStack()

const plan =
  'module,field,period,value\nrevenue,fees,2026,100\nrevenue,fees,2027,120.5\nstaff,posts,2026,12\n'

async function workplace(files: Record<string, string> = { 'plan.csv': plan }) {
  const cwd = await temporaryDirectory()
  for (const [name, text] of Object.entries(files)) await writeFile(join(cwd, name), text)
  return { cwd, ...(await member(stack)) }
}

describe('efir-cells import', { timeout: 120_000 }, () => {
  test('shows the difference first, imports it as one step, and exports the same cells again', async () => {
    const place = await workplace()
    const dry = await efirCells(['import', 'plan.csv', '--dry-run'], place)
    expect(dry).toMatchObject({ exitCode: 0 })
    expect(dry.stdout).toContain('+ revenue / – / fees / 2027: 120.5\n')
    expect(dry.stdout).toContain('Nothing was written. 3 records: 3 created.')

    const done = await efirCells(['import', 'plan.csv', '--json'], place)
    expect(JSON.parse(done.stdout)).toMatchObject({ counts: { created: 3 }, dryRun: false })
    expect(done).toMatchObject({ exitCode: 0, stderr: '' })
    expect(existsSync(join(place.cwd, 'plan.csv.checkpoint'))).toBe(false)

    const again = await efirCells(['import', 'plan.csv'], place)
    expect(again).toMatchObject({ exitCode: 0, stdout: '3 records: 3 unchanged.\n' })

    const exported = await efirCells(['export', 'out.csv', '--module', 'revenue'], place)
    expect(exported).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('2 cells') as string })
    const text = await readFile(join(place.cwd, 'out.csv'), 'utf8')
    expect(text).toContain('120.5')
    expect(text).not.toContain('posts')
    const piped = await efirCells(['export', '-', '--format', 'csv', '--module', 'revenue'], place)
    expect(piped.stdout).toBe(text)
    expect(piped.stderr).toContain('2 cells')
  })

  test('reads stdin, maps columns, and says with exit code 8 what it rejected', async () => {
    const place = await workplace({})
    const input = 'Line;2026;2027\nfees;1\u2019000,5;nonsense\n'
    const columns = ['--constant', 'module=revenue', '--column', 'field=Line', '--periods', '/\\d{4}/']
    const ended = await efirCells(['import', '-', '--locale', 'de-DE', ...columns], { ...place, input })
    expect(ended).toMatchObject({ exitCode: 8 })
    expect(ended.stderr).toContain('rejected: line 2, 2027: invalid')
    const kept = await efirCells(['import', '-', '--rejects', 'no.csv', ...columns], {
      ...place,
      input: 'Line;2026\nfees;nonsense\n',
    })
    expect(kept).toMatchObject({ exitCode: 8, stdout: expect.stringContaining('no.csv') as string })
    expect(await readFile(join(place.cwd, 'no.csv'), 'utf8')).toContain('nonsense')
  })

  test('goes past the API where it is told the database', async () => {
    const place = await workplace()
    const direct = ['import', 'plan.csv', '--direct', '--db-url', stack.databaseUrl]
    const done = await efirCells(direct, place)
    expect(done).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('3 created') as string })
    expect(await efirCells(['import', 'plan.csv'], place)).toMatchObject({
      stdout: '3 records: 3 unchanged.\n',
    })
    const alone = await efirCells(['import', 'plan.csv', '--actor', 'me'], place)
    expect(alone).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('--direct') as string })
  })

  test('deletes what the file does not name only when told so', async () => {
    const place = await workplace({ 'plan.csv': plan, 'less.csv': plan.split('\n').slice(0, 2).join('\n') })
    await efirCells(['import', 'plan.csv'], place)
    const replace = ['import', 'less.csv', '--mode', 'replace', '--module', 'revenue']
    expect(await efirCells(replace, place)).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('deleteMissing') as string,
    })
    expect(await efirCells([...replace, '--delete-missing'], place)).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('1 unchanged, 1 deleted') as string,
    })
  })

  test('stopped by Ctrl-C keeps its checkpoint, is not begun anew by mistake, and goes on with --resume', async () => {
    const rows = Array.from({ length: 400 }, (_, index) => `bulk,field_${index},2026,${index}`)
    const place = await workplace({ 'plan.csv': ['module,field,period,value', ...rows].join('\n') })
    const gate = await openGate(stack.url)
    const started = new StartedCommand(['import', 'plan.csv', '--batch-size', '100', '--connections', '1'], {
      ...place,
      env: { ...place.env, SUPABASE_URL: gate.url },
    })
    // The third batch is on its way, and is never answered.
    await gate.held
    started.process.kill('SIGINT')
    const stopped = await started.ended
    expect(stopped).toMatchObject({ exitCode: 130 })
    expect(stopped.stderr).toContain('--resume')

    const anew = await efirCells(['import', 'plan.csv', '--batch-size', '100'], place)
    expect(anew).toMatchObject({ exitCode: 5, stderr: expect.stringContaining('--resume') as string })
    const resumed = await efirCells(
      ['import', 'plan.csv', '--batch-size', '100', '--resume', '--json'],
      place,
    )
    expect(resumed).toMatchObject({ exitCode: 0 })
    expect(JSON.parse(resumed.stdout)).toMatchObject({ resumed: true, counts: { created: 400 } })
    const [row] = await stack.sql<{ changes: number }[]>`
      SELECT count(*)::int AS changes FROM efir_budget.cell_changes c
      JOIN efir_budget.planning_cells p ON p.id = c.cell_id WHERE p.budget_version_id = ${place.budget.id}`
    expect(row).toEqual({ changes: 400 })
  })

  test('says what is wrong: no file, a broken file, a column that is not there, a budget of others', async () => {
    const place = await workplace({ 'plan.csv': plan, 'broken.csv': 'module,field,value\n"a,b,1\n' })
    const stranger = await member(stack)
    expect((await efirCells(['import', 'nothing.csv'], place)).exitCode).toBe(2)
    const broken = await efirCells(['import', 'broken.csv'], place)
    expect(broken.exitCode).not.toBe(0)
    expect(broken.stderr).toContain('ine 2')
    expect(await efirCells(['import', 'plan.csv', '--column', 'value=Amount'], place)).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('Amount') as string,
    })
    expect((await efirCells(['import', 'plan.csv', '--module', 'revenue'], place)).exitCode).toBe(2)
    const env = { ...place.env, CELLS_BUDGET: stranger.budget.id }
    expect((await efirCells(['import', 'plan.csv'], { ...place, env })).exitCode).toBe(9)
    expect((await efirCells(['export', 'stolen.csv'], { ...place, env })).exitCode).toBe(9)
    expect(existsSync(join(place.cwd, 'stolen.csv'))).toBe(false)
  })
})

/** A way to the stack that answers two writes and holds the third for good. */
async function openGate(target: string) {
  const { promise: held, resolve: hold } = Promise.withResolvers<undefined>()
  let writes = 0
  const server = createServer((incoming, outgoing) => {
    if (incoming.url?.includes('/rpc/import_cells') === true && ++writes > 2) {
      hold(undefined)
      return
    }
    const onward = request(new URL(incoming.url ?? '/', target), {
      method: incoming.method,
      headers: incoming.headers,
    })
    onward.once('response', (answer) => {
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers)
      answer.pipe(outgoing)
    })
    incoming.pipe(onward)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, held }
}

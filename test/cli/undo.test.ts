import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { useStack } from '../support/stack.ts'
import { efirCells, member, temporaryDirectory } from './support/command.ts'

const stack = await useStack()

test('undo shows an import first, takes it back, and redo brings it back', async () => {
  const place = { cwd: await temporaryDirectory(), ...(await member(stack)) }
  await writeFile(join(place.cwd, 'plan.csv'), 'module,field,value\nrevenue,fees,100\n')
  await efirCells(['import', 'plan.csv'], place)

  const preview = await efirCells(['undo', '--preview'], place)
  expect(preview).toMatchObject({ exitCode: 0 })
  expect(preview.stdout).toBe('Would undo: Import plan.csv, 1 cell.\n  reverted    revenue / – / fees / –\n')
  expect((await efirCells(['undo'], place)).stdout).toContain('Undone: Import plan.csv')
  expect(await efirCells(['undo'], place)).toMatchObject({
    exitCode: 0,
    stdout: 'There is nothing to undo.\n',
  })
  const redone = await efirCells(['redo', '--json'], place)
  expect(JSON.parse(redone.stdout)).toMatchObject({ status: 'redone', outcomes: [{ status: 'reverted' }] })
}, 60_000)

test('undo says that a service key has no steps', async () => {
  const { budget } = await member(stack)
  const env = {
    SUPABASE_URL: stack.url,
    SUPABASE_SERVICE_ROLE_KEY: stack.serviceKey,
    CELLS_BUDGET: budget.id,
  }
  expect(await efirCells(['undo'], { env })).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('CELLS_ACCESS_TOKEN') as string,
  })
})

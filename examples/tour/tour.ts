import {
  CellLockedError,
  isCellsError,
  VersionConflictError,
  type Budget,
  type Cell,
  type StoredCell,
} from '@efir/cells'
import type { LocalStack } from '@efir/cells/local'
import type { Stage } from './stage.ts'

type Print = (line: string) => void

const module = 'receipts'
const inDollars = (value: string | null) =>
  value === null ? 'nothing' : `$${Number(value).toLocaleString('en-US')}k`

/** Two members of one organisation, and one of another, on one budget. */
export async function runTour(stack: LocalStack, stage: Stage, print: Print): Promise<void> {
  const alice = stage.alice.cells.budget(stage.budgetVersionId)
  const bob = stage.bob.cells.budget(stage.budgetVersionId)
  const mallory = stage.mallory.cells.budget(stage.budgetVersionId)

  const largest = await readSlice(alice, print)
  const written = await write(alice, largest, print)
  const agreed = await conflict(alice, bob, written, print)
  await locked(stack, alice, agreed, print)
  await stranger(mallory, agreed, print)
}

async function readSlice(alice: Budget, print: Print): Promise<StoredCell> {
  print('\n1. Alice reads a slice: the receipts of 2015')
  const slice = await Array.fromAsync(alice.list({ module, period: '2015' }))
  const sorted = slice.sort((a, b) => Number(b.value) - Number(a.value))
  print(`   ${slice.length} cells; the three largest:`)
  for (const cell of sorted.slice(0, 3))
    print(`   ${inDollars(cell.value).padStart(18)}  version ${cell.version}`)
  const [largest] = sorted
  if (largest === undefined) throw new Error('The slice is empty.')
  return largest
}

async function write(alice: Budget, cell: Cell, print: Print): Promise<Cell> {
  print('\n2. She raises the largest by 1.0001, exactly')
  const raised = String(BigInt((cell.value ?? '0').replace(/\..*/, '')) + 1n) + '.0001'
  const next = await alice.write(cell, raised)
  print(`   ${cell.value} (version ${cell.version})  →  ${next.value} (version ${next.version})`)
  return next
}

async function conflict(alice: Budget, bob: Budget, cell: Cell, print: Print): Promise<Cell> {
  print('\n3. Bob and Alice change it at the same time; Bob is faster')
  const seenByAlice = cell
  await bob.write(await bob.read(cell), '1700000000')
  try {
    return await alice.write(seenByAlice, '1800000000')
  } catch (error) {
    if (!(error instanceof VersionConflictError) || error.theirs === null) throw error
    const { base, mine, theirs } = error
    print('   VersionConflictError')
    print(`     base   ${base?.value ?? 'nothing'} (version ${error.baseVersion ?? 'any'})`)
    print(`     mine   ${typeof mine === 'object' ? (mine?.text ?? 'nothing') : mine}`)
    print(`     theirs ${theirs.value ?? 'nothing'} (version ${theirs.version})`)
    const settled = await alice.write(theirs, mine)
    print(`   Alice looks at both and keeps hers: ${settled.value} (version ${settled.version})`)
    return settled
  }
}

async function locked(stack: LocalStack, alice: Budget, cell: Cell, print: Print): Promise<void> {
  print('\n4. The cell is approved and locked; Alice tries all the same')
  const service = stack.serviceClient().schema('efir_budget').from('planning_cells')
  const lock = async (isLocked: boolean) => {
    const reason = isLocked ? 'Approved by the board' : null
    const { error } = await service.update({ is_locked: isLocked, lock_reason: reason }).eq('id', cell.id)
    if (error !== null) throw new Error(error.message, { cause: error })
  }
  await lock(true)
  try {
    await alice.write(await alice.read(cell), '0')
    throw new Error('A locked cell was written.')
  } catch (error) {
    if (!(error instanceof CellLockedError)) throw error
    print(`   CellLockedError: ${error.message} (${error.cell.lockReason ?? 'no reason given'})`)
  } finally {
    await lock(false)
  }
}

async function stranger(mallory: Budget, cell: Cell, print: Print): Promise<void> {
  print('\n5. Mallory, of another organisation, knows every id and sees nothing')
  for (const [what, attempt] of [
    ['read', () => mallory.read(cell)],
    ['list', () => Array.fromAsync(mallory.list())],
    ['write', () => mallory.write(cell, '0')],
  ] as const) {
    try {
      await attempt()
      throw new Error(`A stranger could ${what}.`)
    } catch (error) {
      if (!isCellsError(error, 'not_found')) throw error
      print(`   ${what}: ${error.name}: ${error.message}`)
    }
  }
}

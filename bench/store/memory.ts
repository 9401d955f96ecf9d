// Prints what a store of so many cells holds, in bytes a cell:  node --expose-gc … memory.ts SUBJECT CELLS
// In a process of its own, so that nothing else is counted: heap and array buffers, collected, after less before.
import { page } from './cells.ts'
import { subjects, type SubjectName } from './subjects.ts'

const [, , name, count] = process.argv
const cells = Number(count)
const collect = globalThis.gc
if (collect === undefined) throw new Error('Needs node --expose-gc.')

async function held(): Promise<number> {
  // Twice, with a turn between: what waits for a finalizer, or for the end of a job, goes then.
  for (let round = 0; round < 3; round += 1) {
    collect!()
    await new Promise((resolve) => setImmediate(resolve))
  }
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

function* pages() {
  for (let from = 0; from < cells; from += 10_000) yield page(from, Math.min(cells, from + 10_000))
}

const subject = await subjects[name as SubjectName]()
const before = await held()
subject.load(pages())
const after = await held()
if (subject.valueOf(page(0, 1)[0]!) === null) throw new Error('The cells are not there.')
console.log((after - before) / cells)

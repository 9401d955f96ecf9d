import { measureMemory, measureStores } from '../store/measure.ts'
import type { RunSuite } from '../suite.ts'

/** The store of a live budget beside others, on the same work with the same cells. */
export const run: RunSuite = async (context) => [
  ...(await measureStores(context)),
  ...(context.wants('bytesPerCell') ? [await measureMemory(context)] : []),
]

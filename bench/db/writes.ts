import { interleave, percentile, timed } from '../measure.ts'
import { rounded, type Row } from '../report.ts'
import { send, settle, writeCall } from './calls.ts'
import { writeNaively } from './naive.ts'
import { meter, processorFields } from './processor.ts'
import { neighbours, refresh, signedIn, type Picked, type World } from './world.ts'

const SIZES = [1, 100, 1_000, 10_000] as const
export const writeRows = [...SIZES.map((size) => `write.${size}`), 'write.linearity']
/** Beyond it, waiting for the naive client tells nothing new. */
const NAIVE_LIMIT = 1_000

type Size = (typeof SIZES)[number]

interface Measured {
  readonly row: Row
  readonly microsecondsPerCell: number
}

/** Cells written per second is the unit, so p95 is the slow end: the 5 % of calls with the fewest are below it. */
function writeRow(name: string, count: number, ours: readonly number[], baseline: readonly number[]): Row {
  const perSecond = (milliseconds: number) => rounded((count / milliseconds) * 1000)
  const p50 = percentile(ours, 0.5)
  const base = baseline.length === 0 ? null : percentile(baseline, 0.5)
  return {
    name,
    unit: 'cells/s',
    p50: perSecond(p50),
    p95: perSecond(percentile(ours, 0.95)),
    baseline: base === null ? null : perSecond(base),
    ratio: base === null ? null : rounded(base / p50),
    cells: count,
    msP50: rounded(p50),
    msP95: rounded(percentile(ours, 0.95)),
    ...(base === null
      ? {}
      : { baselineMsP50: rounded(base), baselineMsP95: rounded(percentile(baseline, 0.95)) }),
  }
}

async function measureSize(world: World, size: Size): Promise<Measured> {
  const { dataset, effort, users, budget, sample } = world
  const user = users[0] ?? ''
  const member = await signedIn(dataset, user)
  const naive = await signedIn(dataset, user, 'naive')
  const pick = async (round: number): Promise<Picked[]> => {
    const single = sample[round % sample.length]
    if (size > 1 || single === undefined) return await neighbours(world, size)
    await refresh(world, single)
    return [single]
  }
  let picked: Picked[] = []
  const rounds: Picked[][] = []
  const forRound = async (round: number) => (picked = rounds[round] ??= await pick(round))
  const counted = effort.writes[size]
  const meters = [await meter(member), await meter(naive)] as const
  const { ours, baseline } = await interleave(
    {
      warmUp: Math.ceil(counted / 5),
      counted,
      onCounting: () => meters.forEach((each) => each.start()),
    },
    async (round) => {
      const cells = await forRound(round)
      const call = writeCall(world, cells)
      let reply = ''
      const spent = await timed(async () => (reply = await send(member, call)))
      settle(cells, reply)
      return spent
    },
    async (round) => {
      if (size > NAIVE_LIMIT) return NaN
      const cells = await forRound(round)
      return await timed(() => writeNaively(naive, budget, user, cells))
    },
  )
  const processor = processorFields(counted, meters[0], size > NAIVE_LIMIT ? undefined : meters[1])
  await Promise.all([member.end(), naive.end()])
  return {
    row: {
      ...writeRow(`write.${size}`, picked.length, ours, size > NAIVE_LIMIT ? [] : baseline),
      ...processor,
    },
    microsecondsPerCell: (percentile(ours, 0.5) / picked.length) * 1000,
  }
}

/** write_cells as a member, beside the naive client on the same cells; and whether ten times the cells cost ten times. */
export async function* measureWrites(world: World, wants: (name: string) => boolean): AsyncGenerator<Row> {
  const linearity = wants('write.linearity')
  const perCell = new Map<Size, number>()
  for (const size of SIZES) {
    if (!wants(`write.${size}`) && !(linearity && size >= 1_000)) continue
    world.progress(`write.${size}`)
    const { row, microsecondsPerCell } = await measureSize(world, size)
    yield row
    perCell.set(size, microsecondsPerCell)
  }
  const [thousand, tenThousand] = [perCell.get(1_000), perCell.get(10_000)]
  if (linearity && thousand !== undefined && tenThousand !== undefined) {
    yield {
      name: 'write.linearity',
      unit: 'µs/cell',
      p50: rounded(tenThousand),
      p95: null,
      baseline: rounded(thousand),
      ratio: rounded(tenThousand / thousand),
    }
  }
}

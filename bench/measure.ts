/** Does its round and says how many milliseconds of it count. */
export type Sample = (round: number) => Promise<number>

export async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now()
  await work()
  return performance.now() - started
}

/** The smallest of the samples that `share` of them do not exceed. */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b)
  const sample = sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))]
  if (sample === undefined) throw new Error('There are no samples.')
  return sample
}

/**
 * Runs both in turn, so that whatever else the machine does meets both alike. The first rounds warm up and do not
 * count; who begins alternates.
 */
export async function interleave(
  rounds: { readonly warmUp: number; readonly counted: number },
  ours: Sample,
  baseline: Sample,
): Promise<{ readonly ours: readonly number[]; readonly baseline: readonly number[] }> {
  const samples = { ours: [] as number[], baseline: [] as number[] }
  for (let round = 0; round < rounds.warmUp + rounds.counted; round += 1) {
    const first = round % 2 === 0
    const one = await (first ? ours : baseline)(round)
    const other = await (first ? baseline : ours)(round)
    if (round < rounds.warmUp) continue
    samples.ours.push(first ? one : other)
    samples.baseline.push(first ? other : one)
  }
  return samples
}

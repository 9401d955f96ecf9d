import { SingleBar } from 'cli-progress'

/** A bar on a terminal, plain lines in a pipe. */
export function showProgress(total: number): { update(done: number): void; stop(): void } {
  if (!process.stderr.isTTY) {
    const inWords = (count: number) => count.toLocaleString('en-US')
    return {
      update: (done) => console.log(`   ${inWords(done)} of ${inWords(total)} cells`),
      stop: () => undefined,
    }
  }
  const bar = new SingleBar({
    format: '   {bar} {percentage}% | {value}/{total} cells | {duration_formatted}',
  })
  bar.start(total, 0)
  return bar
}

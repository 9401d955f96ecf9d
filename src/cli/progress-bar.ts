import { SingleBar } from 'cli-progress'
import type { Io, Output } from './output.ts'

/** How far something is, in `unit`s, and of how many where that is known. */
export type ProgressBar = {
  update(done: number, words: string, total?: number): void
  stop(): void
}

/** A bar on a terminal, plain lines in a pipe, nothing with --json. */
export function openProgressBar(io: Io, output: Output): ProgressBar {
  if (output.isJson) return { update: () => undefined, stop: () => undefined }
  if (io.terminal === undefined) {
    return { update: (_done, words) => output.progress(words), stop: () => undefined }
  }
  const stream = io.terminal
  let bar: SingleBar | undefined
  return {
    update(done, words, total) {
      if (bar === undefined) {
        // Without an end there is nothing that a bar could fill.
        const format =
          total === undefined
            ? '{words} | {duration_formatted}'
            : '{bar} {percentage}% | {words} | {eta_formatted}'
        bar = new SingleBar({ format, stream, hideCursor: true, gracefulExit: false })
        bar.start(total ?? 1, 0, { words })
      }
      bar.update(total === undefined ? 0 : done, { words })
    },
    stop: () => bar?.stop(),
  }
}

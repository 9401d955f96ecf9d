// Comes without types.
declare module '@bcoe/v8-coverage' {
  import type { Profiler } from 'node:inspector'

  export type ScriptCov = Profiler.ScriptCoverage
  /** Of one script, as often as it ran; undefined where there is none. */
  export function mergeScriptCovs(scripts: readonly ScriptCov[]): ScriptCov | undefined
}

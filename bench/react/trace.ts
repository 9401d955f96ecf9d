/** An event of Chromium's trace: times are microseconds. */
interface TraceEvent {
  readonly name: string
  readonly ph: string
  readonly pid: number
  readonly tid: number
  readonly ts: number
  readonly dur?: number
  readonly args?: { readonly data?: { readonly type?: string } }
}

/** The names that DevTools counts as scripting. */
const scripting: ReadonlySet<string> = new Set([
  'EventDispatch',
  'EvaluateScript',
  'FireAnimationFrame',
  'FireIdleCallback',
  'FunctionCall',
  'MajorGC',
  'MinorGC',
  'RunMicrotasks',
  'TimerFire',
  'V8.GCScavenger',
  'V8.GC_MARK_COMPACTOR',
  'XHRLoad',
  'XHRReadyStateChange',
])

/** Milliseconds of scripting from each key on, up to the next one; the last one's window is as long as the others'. */
export function scriptingPerKey(trace: Buffer): number[] {
  const { traceEvents } = JSON.parse(trace.toString('utf8')) as {
    readonly traceEvents: readonly TraceEvent[]
  }
  const keys = traceEvents.filter(
    ({ name, args }) => name === 'EventDispatch' && args?.data?.type === 'keydown',
  )
  const [first] = keys
  if (first === undefined) return []
  const starts = keys.map(({ ts }) => ts).sort((one, other) => one - other)
  const spans = traceEvents
    .filter(
      ({ name, ph, pid, tid }) => ph === 'X' && pid === first.pid && tid === first.tid && scripting.has(name),
    )
    .map(({ ts, dur = 0 }) => [ts, ts + dur] as const)
    .sort(([one], [other]) => one - other)
  const last = starts.at(-1) ?? 0
  const usual = starts.length > 1 ? (last - (starts[0] ?? 0)) / (starts.length - 1) : Infinity
  return starts.map((start, index) => within(spans, start, starts[index + 1] ?? start + usual) / 1000)
}

/** How much of a window the spans cover; they may lie in one another. */
function within(spans: readonly (readonly [number, number])[], from: number, to: number): number {
  let covered = 0
  let reached = from
  for (const [start, end] of spans) {
    if (start >= to) break
    if (end <= reached) continue
    covered += Math.min(end, to) - Math.max(start, reached)
    reached = end
  }
  return covered
}

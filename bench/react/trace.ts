/** An event of Chromium's trace. Times are microseconds, of the wall's clock and of the thread's own. */
interface TraceEvent {
  readonly name: string
  readonly ph: string
  readonly pid: number
  readonly tid: number
  readonly ts: number
  readonly dur?: number
  readonly tts: number
  readonly tdur?: number
  readonly args?: { readonly data?: { readonly type?: string } }
}

/** What one key cost the main thread, in milliseconds of its own: what other processes take meanwhile is not in it. */
export interface KeyCost {
  readonly scripting: number
  /** The same by the clock on the wall. */
  readonly elapsed: number
  /** Style and layout that scripting, or the browser's own insertion of the text within an event, waited for. */
  readonly layout: number
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

/** The names that DevTools counts as rendering, wherever they lie: an event's dispatch holds the insertion of what was typed. */
const rendering: ReadonlySet<string> = new Set(['Layout', 'RecalculateStyles', 'UpdateLayoutTree'])

type Span = readonly [from: number, to: number]

/** From each key on, up to the next one; the last one's window is as long as the others'. */
export function costOfKeys(trace: Buffer): KeyCost[] {
  const { traceEvents } = JSON.parse(trace.toString('utf8')) as {
    readonly traceEvents: readonly TraceEvent[]
  }
  const keys = traceEvents.filter(
    ({ name, args }) => name === 'EventDispatch' && args?.data?.type === 'keydown',
  )
  const [first] = keys
  if (first === undefined) return []
  const ofThread = traceEvents.filter(
    ({ ph, pid, tid }) => ph === 'X' && pid === first.pid && tid === first.tid,
  )
  const own = costsBy(({ tts, tdur = 0 }) => [tts, tts + tdur], keys, ofThread)
  const onTheWall = costsBy(({ ts, dur = 0 }) => [ts, ts + dur], keys, ofThread)
  return own.map((cost, index) => ({ ...cost, elapsed: onTheWall[index]?.scripting ?? 0 }))
}

/** The same by one of the two clocks. */
function costsBy(
  spanOf: (event: TraceEvent) => Span,
  keys: readonly TraceEvent[],
  events: readonly TraceEvent[],
): { readonly scripting: number; readonly layout: number }[] {
  const starts = keys.map((key) => spanOf(key)[0]).sort((one, other) => one - other)
  const spansOf = (names: ReadonlySet<string>) =>
    events
      .filter(({ name }) => names.has(name))
      .map(spanOf)
      .sort(([one], [other]) => one - other)
  const scripts = merged(spansOf(scripting))
  const layouts = merged(spansOf(rendering))
  const last = starts.at(-1) ?? 0
  const usual = starts.length > 1 ? (last - (starts[0] ?? 0)) / (starts.length - 1) : Infinity
  return starts.map((start, index) => {
    const window: Span = [start, starts[index + 1] ?? start + usual]
    const within = scripts.flatMap((span) => overlap(span, window))
    const waited = lengthOf(within.flatMap((span) => layouts.flatMap((layout) => overlap(layout, span))))
    return { scripting: lengthOf(within) - waited, layout: waited }
  })
}

/** The same time as spans that do not touch; they may lie in one another before. */
function merged(spans: readonly Span[]): Span[] {
  const apart: Span[] = []
  for (const [from, to] of spans) {
    const before = apart.at(-1)
    if (before !== undefined && from <= before[1])
      apart[apart.length - 1] = [before[0], Math.max(before[1], to)]
    else apart.push([from, to])
  }
  return apart
}

function overlap([from, to]: Span, [start, end]: Span): Span[] {
  const both: Span = [Math.max(from, start), Math.min(to, end)]
  return both[0] < both[1] ? [both] : []
}

/** In milliseconds. */
function lengthOf(spans: readonly Span[]): number {
  return spans.reduce((sum, [from, to]) => sum + to - from, 0) / 1_000
}

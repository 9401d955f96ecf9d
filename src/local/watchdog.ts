import { spawn } from 'node:child_process'

export interface Watchdog {
  /** Nothing left to watch: the watchdog goes away. */
  dismiss(): void
}

// Waits for its input to end, which the kernel sees to however this process dies, SIGKILL included; then stops the
// postmaster ($1), once the data directory ($2) names it, and removes what is throw-away ($3).
// One line of input means: all is stopped, go.
const SCRIPT = `
trap '' INT TERM HUP
if read -r _; then exit 0; fi
named() { [ "$(head -n 1 "$2/postmaster.pid" 2>/dev/null)" = "$1" ]; }
tries=0
while ! named "$1" "$2" && kill -0 "$1" 2>/dev/null && [ "$tries" -lt 50 ]; do sleep 0.1; tries=$((tries + 1)); done
if named "$1" "$2"; then
  kill -INT "$1" 2>/dev/null
  tries=0
  while kill -0 "$1" 2>/dev/null && [ "$tries" -lt 100 ]; do sleep 0.1; tries=$((tries + 1)); done
  if kill -0 "$1" 2>/dev/null && named "$1" "$2"; then kill -QUIT "$1" 2>/dev/null; sleep 1; fi
fi
if [ -n "$3" ]; then rm -rf -- "$3"; fi
`

/**
 * Sees to it that Postgres does not outlive this process. A process of its own does it, so that the host's
 * signal handlers and exit code stay the host's business.
 */
export function watchOver(
  postmaster: number,
  dataDirectory: string,
  throwAway: string | undefined,
): Watchdog {
  // Windows has no sh; there, a Postgres left behind is stopped by the next start on its directory.
  if (process.platform === 'win32') return { dismiss: () => undefined }
  const watchdog = spawn(
    '/bin/sh',
    ['-c', SCRIPT, 'cells-watchdog', String(postmaster), dataDirectory, throwAway ?? ''],
    {
      // A session of its own, so that Ctrl-C in the terminal does not reach it.
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
      cwd: '/',
    },
  )
  watchdog.on('error', () => undefined)
  watchdog.stdin.on('error', () => undefined)
  watchdog.unref()
  const handle = watchdog.stdin as unknown as { unref?: () => void }
  handle.unref?.()
  return {
    dismiss() {
      watchdog.stdin.end('done\n')
    },
  }
}

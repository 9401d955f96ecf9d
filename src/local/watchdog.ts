import { spawn } from 'node:child_process'

export interface Watchdog {
  /** Nothing left to watch: the watchdog goes away. */
  dismiss(): void
}

// Waits for its input to end, which the kernel sees to however this process dies, SIGKILL included. Then it stops the
// postmaster of the data directory ($1): in good order, or at once where the data is thrown away ($2) together with its
// directory. A process that has that number, but not this directory among its words, is another one, or has ended. One
// line of input means: all is stopped, go. Removing is tried again, for an initdb may still be writing.
const SCRIPT = `
trap '' INT TERM HUP
if read -r _; then exit 0; fi
words() { if [ -r "/proc/$1/cmdline" ]; then tr '\\000' ' ' <"/proc/$1/cmdline"; else ps -ww -o args= -p "$1"; fi; }
pid=$(head -n 1 "$1/postmaster.pid" 2>/dev/null)
alive() { [ -n "$pid" ] && words "$pid" 2>/dev/null | grep -qF -- "$1"; }
if alive "$1"; then
  if [ -n "$2" ]; then kill -QUIT "$pid"; else kill -INT "$pid"; fi
  tries=0
  while alive "$1" && [ "$tries" -lt 200 ]; do sleep 0.1; tries=$((tries + 1)); done
  if alive "$1"; then kill -QUIT "$pid"; fi
fi
tries=0
while [ -n "$2" ] && [ -e "$2" ] && [ "$tries" -lt 50 ]; do
  rm -rf -- "$2" 2>/dev/null || sleep 0.1
  tries=$((tries + 1))
done
`

/**
 * Sees to it that Postgres does not outlive this process. A process of its own does it, so that the host's signal
 * handlers and exit code stay the host's business.
 */
export function watchOver(dataDirectory: string, throwAway: string | undefined): Watchdog {
  // Windows has no sh; there, a Postgres left behind is stopped by the next start on its directory.
  if (process.platform === 'win32') return { dismiss: () => undefined }
  const watchdog = spawn('/bin/sh', ['-c', SCRIPT, 'cells-watchdog', dataDirectory, throwAway ?? ''], {
    // A session of its own, so that Ctrl-C in the terminal does not reach it.
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    cwd: '/',
    env: { PATH: process.env.PATH ?? '', LC_ALL: 'C' },
  })
  // Without it (no sh, no processes left) everything works but this.
  watchdog.on('error', () => undefined)
  watchdog.stdin.on('error', () => undefined)
  watchdog.unref()
  keepsUp(watchdog.stdin, false)
  return {
    dismiss() {
      watchdog.stdin.end('done\n')
    },
  }
}

/** Whether a child's pipe keeps this process up. The pipes are sockets, which their types do not say. */
export function keepsUp(stream: unknown, yes: boolean): void {
  const socket = stream as { ref?: () => void; unref?: () => void } | null
  if (yes) socket?.ref?.()
  else socket?.unref?.()
}

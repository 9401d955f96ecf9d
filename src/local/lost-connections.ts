import { connect, type Socket } from 'node:net'
import type postgres from 'postgres'

// The driver (`postgres` 3.4) does not survive the end of a connection that is in the middle of a transaction: whoever
// asks for anything then, if only ROLLBACK, is never answered, or ends the process with an uncaught exception
// (porsager/postgres issues 1066, 1154 and 1208). Databases that end connections belong to what the stack is for.

const PATIENCE_MILLISECONDS = 50

/** Whether the error says that there is no connection any more: the driver's codes, the system's, and SQLSTATEs. */
export function isConnectionLost(error: unknown): boolean {
  return (
    error instanceof Error &&
    'code' in error &&
    /^(CONNECTION_|CONNECT_TIMEOUT|ECONN|EPIPE|57P0[1-3]|08)/.test(String(error.code))
  )
}

const READY_FOR_QUERY = Buffer.from([0x5a, 0, 0, 0, 5])

/** What Postgres says of the session's transaction at the end of an answer: `I` for none. */
function transactionStatus(answer: Buffer): string | undefined {
  const end = answer.subarray(-6)
  return end.length === 6 && end.subarray(0, 5).equals(READY_FOR_QUERY)
    ? String.fromCharCode(end[5] ?? 0)
    : undefined
}

/**
 * A connection whose end the driver hears of twice: at once as an error of whoever waits, and a moment later, when
 * transactions have had the time to hear it, as the close that takes the connection out of the pool. A transaction that
 * asks for nothing at the time hears it when it does.
 *
 * Not awaited until it is connected: the driver knows of a connection that fails, and not of one that never was.
 */
function patientSocket({ host, port }: { readonly host: string; readonly port: number }): Socket {
  const socket = connect(port, host)
  const emit = socket.emit.bind(socket) as (event: string, ...values: unknown[]) => boolean
  let isInTransaction = false
  let timer: NodeJS.Timeout | undefined
  const tell = (): void => {
    const lost = Object.assign(new Error('The connection to the database was lost.'), {
      code: 'CONNECTION_CLOSED',
    })
    if (socket.listenerCount('error') > 0) emit('error', lost)
  }
  const closeSoon = (): void => {
    clearTimeout(timer)
    // Never as one that had an error: then the driver would leave what was asked in between without an answer.
    timer = setTimeout(() => emit('close', false), PATIENCE_MILLISECONDS)
  }
  socket.emit = (event: string, ...values: unknown[]): boolean => {
    if (event === 'data' && Buffer.isBuffer(values[0])) {
      const status = transactionStatus(values[0])
      if (status !== undefined) isInTransaction = status !== 'I'
    }
    if (event !== 'close') return emit(event, ...values)
    // Not before: the socket itself replaces it at the end of what it reads.
    socket.write = (): boolean => {
      setImmediate(tell)
      closeSoon()
      return true
    }
    tell()
    if (!isInTransaction) closeSoon()
    return true
  }
  return socket
}

/** Has the driver connect by {@link patientSocket}, to a database of this machine. */
export function patiently(databaseUrl: string): { readonly socket: () => Socket } {
  const { hostname, port } = new URL(databaseUrl)
  return { socket: () => patientSocket({ host: hostname, port: Number(port) }) }
}

interface Reserved {
  unsafe(query: string, parameters?: unknown[]): Promise<unknown>
  release(): void
}

/**
 * Has a transaction whose connection is lost fail with everything that it asks from then on, and not hand the
 * connection back: the driver takes it out of the pool by itself.
 */
export function failWithTheConnection(driver: postgres.Sql): void {
  const reserve = driver.reserve.bind(driver) as unknown as () => Promise<Reserved>
  const guarded = async (): Promise<Reserved> => {
    const reserved = await reserve()
    const ask = reserved.unsafe.bind(reserved)
    const release = reserved.release.bind(reserved)
    let lost: Error | undefined
    reserved.unsafe = async (query, parameters) => {
      if (lost !== undefined) throw lost
      try {
        return await ask(query, parameters)
      } catch (error) {
        if (isConnectionLost(error)) lost = error as Error
        throw error
      }
    }
    reserved.release = () => {
      if (lost === undefined) release()
    }
    return reserved
  }
  Object.assign(driver, { reserve: guarded })
}

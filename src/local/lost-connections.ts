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

/**
 * A connection whose end the driver hears of twice: at once as an error of whoever waits, and a moment later, when
 * transactions have had the time to hear it, as the close that takes the connection out of the pool.
 *
 * Not awaited until it is connected: the driver knows of a connection that fails, and not of one that never was.
 */
export function patientSocket({ host, port }: { readonly host: string; readonly port: number }): Socket {
  const socket = connect(port, host)
  const emit = socket.emit.bind(socket) as (event: string, ...values: unknown[]) => boolean
  socket.emit = (event: string, ...values: unknown[]): boolean => {
    if (event !== 'close') return emit(event, ...values)
    const lost = Object.assign(new Error('The connection to the database was lost.'), {
      code: 'CONNECTION_CLOSED',
    })
    if (socket.listenerCount('error') > 0) emit('error', lost)
    // Never as one that had an error: then the driver would leave what was asked in between without an answer.
    setTimeout(() => emit('close', false), PATIENCE_MILLISECONDS)
    return true
  }
  return socket
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

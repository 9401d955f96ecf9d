import { ask } from './asking.ts'
import type { CallOptions, CellsTransport } from './transport/port.ts'
import type { Reader } from './transport/reader.ts'

/** A call of one of the database's functions, about one budget or about all of them. Rejects with a public error. */
export type Call = <T>(
  operation: string,
  parameters: Readonly<Record<string, unknown>>,
  reader: Reader<T>,
  options: CallOptions,
  more?: {
    /** References sent, or things asked for. */
    readonly items?: number
    readonly operationId?: string
  },
) => Promise<T>

/** How a room of the house asks the database about its budget; `null` is all budgets of the caller. */
export function callsOf({ send }: CellsTransport, budgetVersionId: string | null): Call {
  return (operation, parameters, reader, options, more = {}) => {
    const { operationId } = more
    const call = {
      ...more,
      operation,
      parameters: { ...parameters, ...(operationId !== undefined && { p_operation_id: operationId }) },
      decode: (json: unknown) => reader(json, () => operation),
    }
    return ask(send, budgetVersionId, call, options)
  }
}

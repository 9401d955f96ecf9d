import { ask } from './asking.ts'
import { tooMuchAtOnce } from './transport/divide.ts'
import { isDivisible } from './transport/retry.ts'
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
    /** The caller divides: what is too much at once is refused as `too_large`, and nothing of it has landed. */
    readonly divides?: boolean
  },
) => Promise<T>

/** How a room of the house asks the database about its budget; `null` is all budgets of the caller. */
export function callsOf({ send }: CellsTransport, budgetVersionId: string | null): Call {
  return async (operation, parameters, reader, options, { divides, ...more } = {}) => {
    const { operationId } = more
    const call = {
      ...more,
      operation,
      parameters: { ...parameters, ...(operationId !== undefined && { p_operation_id: operationId }) },
      decode: (json: unknown) => reader(json, () => operation),
    }
    try {
      return await ask(send, budgetVersionId, call, options)
    } catch (error) {
      throw divides === true && isDivisible(error) ? tooMuchAtOnce(error) : error
    }
  }
}

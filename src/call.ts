import { toUuid } from './model/address.ts'
import { newUuid } from './model/identifier.ts'
import { rethrow } from './refusal.ts'
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
export function callsOf(transport: CellsTransport, budgetVersionId: string | null): Call {
  return (operation, parameters, reader, options, { items = 1, operationId } = {}) => {
    const named = {
      p_budget_version_id: budgetVersionId,
      ...parameters,
      ...(operationId !== undefined && { p_operation_id: operationId }),
    }
    const call = {
      operation,
      budgetVersionId,
      items,
      parameters: named,
      ...(operationId !== undefined && { operationId }),
      decode: (json: unknown) => reader(json, () => operation),
    }
    return transport.send(call, options).catch(rethrow)
  }
}

/** Made once, before the first request: every repeat of it carries the same. */
export function toOperationId(given: string | undefined): string {
  return given === undefined ? newUuid() : toUuid(given, 'operationId')
}

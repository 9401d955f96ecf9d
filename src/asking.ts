import { toUuid } from './model/address.ts'
import { newUuid } from './model/identifier.ts'
import { rethrow } from './refusal.ts'
import type { CallOptions, RpcCall, Send } from './transport/port.ts'

/** Calls a function of the database about one budget; `null` is all of the caller's. Rejects with public errors. */
export async function ask<T>(
  send: Send,
  budgetVersionId: string | null,
  call: Omit<RpcCall<T>, 'budgetVersionId' | 'items'> & { readonly items?: number },
  options: CallOptions,
): Promise<T> {
  const parameters = { p_budget_version_id: budgetVersionId, ...call.parameters }
  return await send({ items: 1, ...call, budgetVersionId, parameters }, options).catch(rethrow)
}

/**
 * The id of a call that changes something. Made once, before the first request: every repeat of it carries the same.
 *
 * @throws {ValidationError} where the caller's own is no UUID.
 */
export function toOperationId(given: string | undefined): string {
  return given === undefined ? newUuid() : toUuid(given, 'operationId')
}

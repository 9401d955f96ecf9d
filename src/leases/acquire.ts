import type { Call } from '../call.ts'
import { TransportError, ValidationError } from '../errors.ts'
import { cellKey, resolveAddress, type CellAddress, type ResolvedAddress } from '../model/address.ts'
import type { Cell } from '../model/cell.ts'
import { CellLockedError } from '../model/refusals.ts'
import { within } from '../transport/clock.ts'
import type { CellsTransport } from '../transport/port.ts'
import { encodeReference } from '../transport/wire.ts'
import type { AcquireOptions } from './acquire-options.ts'
import { pollAfter } from './lease-state.ts'
import { readAcquired, type AcquireReply } from './lease-wire.ts'
import { Lease, releaseToken } from './lease.ts'
import { Turns } from './turns.ts'

/** Where a lease is asked for. */
export interface LeaseGround {
  readonly budgetVersionId: string
  readonly transport: CellsTransport
  readonly call: Call
}

const allTurns = new WeakMap<CellsTransport, Turns>()
const never = (): Promise<undefined> => new Promise(() => undefined)
const nothing = (): undefined => undefined

/** {@link Leases.acquire}, with where it is asked. */
export async function acquireLease(
  { budgetVersionId, transport, call }: LeaseGround,
  cell: Cell | CellAddress,
  options: AcquireOptions,
): Promise<Lease | null> {
  const {
    ttl = 30_000,
    ifAvailable = false,
    steal = false,
    signal,
    timeout = Infinity,
    ...patience
  } = options
  const address = resolveAddress(cell, 'cell')
  check(ttl, timeout, ifAvailable && steal)
  signal?.throwIfAborted()
  const { clock } = transport
  const turns = turnsOf(transport)
  const until = clock.now() + timeout
  const waitFor = async <T>(work: (ended: AbortSignal) => Promise<T>): Promise<T> => {
    const wrapped = async (ended: AbortSignal) => ({ done: await work(ended) })
    const result = await within(clock, until - clock.now(), signal, wrapped, nothing)
    if (result !== undefined) return result.done
    throw new TransportError('timeout', `Cell ${cellKey(address)} is still being edited by another.`, 0)
  }

  const name = `${budgetVersionId} ${cellKey(address)}`
  for (;;) {
    const other = turns.current(name)
    if (other === undefined || (steal && other.lease === undefined)) break
    if (ifAvailable) return null
    if (steal) other.lease?.lose()
    await waitFor(() => other.ended)
  }

  const turn = turns.take(name)
  const parameters = { p_references: [encodeReference(address)], p_ttl_ms: ttl, p_steal: steal }
  let asking: Promise<AcquireReply> | undefined
  try {
    for (let polls = 0; ; polls++) {
      const sentAt = clock.now()
      const asked = (asking = call('acquire_leases', parameters, readAcquired, patience))
      const reply = await waitFor(() => asked)
      asking = undefined
      if (reply.status === 'acquired') {
        // Else the answer took so long that it may be over already: ask again, the token stays.
        if (clock.now() >= sentAt + ttl) continue
        const { token, expiresAt } = reply
        return (turn.lease = new Lease({
          ...{ call, clock, address, token, expiresAt, sentAt, ttl },
          onEnd: turn.end,
        }))
      }
      if (reply.status !== 'held') throw toError(address, reply)
      if (ifAvailable) return null
      const pause = pollAfter(polls, clock.random())
      await waitFor((ended) => within(clock, pause, ended, never, nothing))
    }
  } finally {
    // Called off, and granted perhaps to nobody: what comes is given back before the next of this client asks.
    if (asking !== undefined) void giveBack(call, asking).finally(turn.end)
    else if (turn.lease === undefined) turn.end()
  }
}

/** Those of one client, whichever of its budgets asks. */
function turnsOf(transport: CellsTransport): Turns {
  const turns = allTurns.get(transport) ?? new Turns()
  allTurns.set(transport, turns)
  return turns
}

async function giveBack(call: Call, asking: Promise<AcquireReply>): Promise<void> {
  try {
    const reply = await asking
    if (reply.status === 'acquired') await releaseToken(call, reply.token, {})
  } catch {
    // Nobody is waiting for this answer. If a lease came of it, it lapses.
  }
}

function check(ttl: number, timeout: number, contrary: boolean): void {
  if (!Number.isInteger(ttl) || ttl < 1_000 || ttl > 600_000) {
    throw new ValidationError('ttl', ttl, 'whole milliseconds from 1000 to 600000')
  }
  if (!(timeout >= 0)) throw new ValidationError('timeout', timeout, 'milliseconds, 0 or more')
  if (contrary) throw new ValidationError('steal', true, 'false together with ifAvailable')
}

function toError(
  address: ResolvedAddress,
  reply: Exclude<AcquireReply, { status: 'acquired' | 'held' }>,
): Error {
  if (reply.status === 'invalid') return new ValidationError(`cell.${reply.field}`, address, reply.message)
  return new CellLockedError(`Cell ${cellKey(address)} is locked.`, reply.cell, [{ ...reply, index: 0 }])
}

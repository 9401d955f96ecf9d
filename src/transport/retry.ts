import { isCellsError, ProtocolError, TransportError } from '../errors.ts'
import { within, type Clock } from './clock.ts'
import type { Observer } from './observer.ts'
import { decide, isUnsettled, withPatience, type RetryPolicy } from './retry-policy.ts'
import { Refusal, type RpcCall, type Send } from './port.ts'
import type { Answer, Server } from './rpc.ts'

const divisible = new WeakSet()

/** Whether the server failed at the size of the call, and its parts may be sent instead. */
export function isDivisible(error: unknown): boolean {
  return typeof error === 'object' && error !== null && divisible.has(error)
}

/** Sends calls, again and again where {@link decide} says so. */
export function createSender(server: Server, defaults: RetryPolicy, observer: Observer, clock: Clock): Send {
  const token = shareRefresh(server)

  return async function send<T>(call: RpcCall<T>, options: Parameters<Send>[1]): Promise<T> {
    const { signal } = options
    signal?.throwIfAborted()
    const policy = withPatience(defaults, options)
    const began = clock.now()
    const timeLeft = (): number => policy.timeout - (clock.now() - began)
    const sleep = (milliseconds: number) =>
      within(
        clock,
        milliseconds,
        signal,
        () => new Promise<void>(() => undefined),
        () => undefined,
      )
    let refreshed = false
    let unsettled = false

    for (let attempt = 1; ; attempt++) {
      const age = token.age()
      const answer = await request(call, attempt, Math.min(policy.attemptTimeout, timeLeft()), signal)
      if (answer.failure === undefined) return answer.data
      const { failure } = answer
      const elapsed = clock.now() - began
      const failed = { failure, attempt, elapsed, items: call.items, refreshed, unsettled }
      const decision = decide(policy, failed, clock.random())
      if (decision.next === 'retry') {
        observer.retry(call, attempt, decision.after, failure)
        await sleep(decision.after)
      } else if (decision.next === 'refresh') {
        refreshed = true
        const fresh = await within(
          clock,
          Math.min(policy.attemptTimeout, timeLeft()),
          signal,
          () => token.refresh(age),
          () => false,
        )
        if (!fresh || timeLeft() <= 0) return giveUp(call, attempt, failure)
      } else {
        if (decision.next === 'divide') divisible.add(failure)
        return giveUp(call, attempt, failure)
      }
      unsettled = isUnsettled(failure, unsettled)
    }
  }

  function giveUp(call: RpcCall<unknown>, attempt: number, failure: Failure): never {
    observer.gaveUp(call, attempt, failure)
    throw failure
  }

  /** One request, with its answer read. Rejects with nothing but the signal's reason. */
  async function request<T>(
    call: RpcCall<T>,
    attempt: number,
    timeout: number,
    signal: AbortSignal | undefined,
  ): Promise<Answer<T>> {
    if (timeout <= 0) return { status: 0, failure: tooLate('the time for the whole call is over') }
    const end = observer.request(call, attempt)
    try {
      const answer = await within<Answer<T>>(
        clock,
        timeout,
        signal,
        async (ended) => read(call, await server.request(call.operation, call.parameters, ended)),
        () => ({ status: 0, failure: tooLate(`no answer within ${timeout / 1000} seconds`) }),
      )
      end(answer.status, answer.failure)
      return answer
    } catch (error) {
      if (signal?.aborted === true) {
        end(0, signal.reason)
        throw error
      }
      const failure = toOurs(error)
      end(0, failure)
      return { status: 0, failure }
    }
  }
}

type Failure = NonNullable<Answer['failure']>

function read<T>(call: RpcCall<T>, answer: Answer): Answer<T> {
  if (answer.failure !== undefined) return answer
  try {
    return { status: answer.status, data: call.decode(answer.data) }
  } catch (error) {
    return { status: answer.status, failure: toOurs(error) }
  }
}

/** What is thrown on the way is ours already, or else a mistake on one side of the wire. */
function toOurs(error: unknown): Failure {
  if (isCellsError(error) || error instanceof Refusal) return error
  return new ProtocolError('The request could not be made, or its answer could not be read.', {
    cause: error,
  })
}

function tooLate(why: string): TransportError {
  return new TransportError('timeout', `The call took too long: ${why}.`, 0, {
    hint: 'A write may have landed all the same; with the same operationId it is safe to send again. The options timeout and attemptTimeout allow more.',
  })
}

/** One refresh for all calls that find the same token refused. */
function shareRefresh(server: Server) {
  let age = 0
  let running: Promise<boolean> | undefined
  return {
    age: () => age,
    /** Whether there is a newer token than there was at that age. */
    async refresh(since: number): Promise<boolean> {
      if (since !== age) return true
      running ??= server
        .refreshToken()
        .then(
          (fresh) => {
            if (fresh) age++
            return fresh
          },
          () => false,
        )
        .finally(() => (running = undefined))
      return await running
    },
  }
}

import { describe, expect, it } from 'vitest'
import {
  CellsError,
  isCellsError,
  NotInstalledError,
  ProtocolError,
  TransportError,
  UnauthorizedError,
  ValidationError,
} from '@efir/cells'
import { runInNewContext } from 'node:vm'

describe('an error of the family', () => {
  it('has a name and a code of its own, and is an Error', () => {
    const family = [
      [new ValidationError('field', 1, 'nothing'), 'ValidationError', 'invalid'],
      [new UnauthorizedError('no'), 'UnauthorizedError', 'unauthorized'],
      [new NotInstalledError('no'), 'NotInstalledError', 'not_installed'],
      [new TransportError('timeout', 'no', 0), 'TransportError', 'timeout'],
      [new ProtocolError('no'), 'ProtocolError', 'protocol'],
    ] as const
    for (const [error, name, code] of family) {
      expect(error).toBeInstanceOf(Error)
      expect(error).toBeInstanceOf(CellsError)
      expect([error.name, error.code]).toEqual([name, code])
      expect(String(error)).toBe(`${name}: ${error.message}`)
    }
  })

  it('carries the error from below and what to do, where there is something to say', () => {
    const cause = new TypeError('below')
    const error = new UnauthorizedError('no', { cause, hint: 'Sign in.' })
    expect([error.cause, error.hint]).toEqual([cause, 'Sign in.'])
    const bare = new UnauthorizedError('no')
    expect('cause' in bare).toBe(false)
    expect(bare.hint).toBeUndefined()
    // A cause that is `undefined` is a cause: somebody threw it.
    expect('cause' in new UnauthorizedError('no', { cause: undefined })).toBe(true)
  })

  it('may be worth another try only where that can help', () => {
    expect(new ValidationError('field', 1, 'nothing').retryable).toBe(false)
    expect(new UnauthorizedError('no').retryable).toBe(false)
    expect(new NotInstalledError('no').retryable).toBe(false)
    expect(new ProtocolError('no').retryable).toBe(false)
    expect(new ProtocolError('no', { retryable: true }).retryable).toBe(true)
    for (const code of ['network', 'timeout', 'rate_limited', 'server'] as const) {
      expect(new TransportError(code, 'no', 503).retryable).toBe(true)
    }
    expect(new TransportError('too_large', 'no', 413).retryable).toBe(false)
    expect(new TransportError('server', 'no', 501, { retryable: false }).retryable).toBe(false)
  })

  it('tells of a failed request what the server said', () => {
    const error = new TransportError('rate_limited', 'no', 429, { retryAfter: 2_000, sqlState: '53300' })
    expect([error.status, error.retryAfter, error.sqlState]).toEqual([429, 2_000, '53300'])
    const bare = new TransportError('network', 'no', 0)
    expect([bare.status, bare.retryAfter, bare.sqlState]).toEqual([0, undefined, undefined])
  })
})

describe('a bad argument', () => {
  it.each([
    ['text', '"text"'],
    ['x'.repeat(80), `"${'x'.repeat(80)}"`],
    ['x'.repeat(81), `"${'x'.repeat(80)}"…`],
    [null, 'null'],
    [undefined, 'undefined'],
    [12.5, '12.5'],
    [true, 'true'],
    [10n, '10'],
    [[1, 2, 3], 'an array of 3'],
    [{ a: 1 }, 'an object'],
    [Symbol('x'), 'a symbol'],
    [() => 1, 'a function'],
  ])('is quoted so that one sees what was given (%#)', (given, quoted) => {
    const error = new ValidationError('changes[3].value', given, 'a number')
    expect(error.message).toBe(`changes[3].value is ${quoted}; allowed: a number.`)
    expect([error.field, error.given, error.allowed]).toEqual(['changes[3].value', given, 'a number'])
  })
})

describe('isCellsError', () => {
  const error = new TransportError('timeout', 'no', 0)

  it('knows the family, and one code of it', () => {
    expect(isCellsError(error)).toBe(true)
    expect(isCellsError(error, 'timeout')).toBe(true)
    expect(isCellsError(error, 'network')).toBe(false)
  })

  it('knows nothing else', () => {
    for (const other of [new Error('no'), { code: 'timeout' }, null, undefined, 'timeout', () => 1]) {
      expect(isCellsError(other)).toBe(false)
    }
  })

  it('knows an error of another copy of this library in another realm', () => {
    const foreign: unknown = runInNewContext(
      `Object.assign(new Error('no'), { code: 'locked', [Symbol.for('@efir/cells/error')]: true })`,
    )
    expect(foreign).not.toBeInstanceOf(Error)
    expect(isCellsError(foreign, 'locked')).toBe(true)
  })
})

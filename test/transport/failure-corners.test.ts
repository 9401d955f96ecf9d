import { describe, expect, it } from 'vitest'
import { isCellsError, TransportError } from '@efir/cells'
import { toFailure } from '../../src/transport/failure.ts'
import { Refusal } from '../../src/transport/port.ts'

const said = (code: string, status: number, more: object = {}) =>
  toFailure({ code, message: 'said so', ...more }, status)

describe('what to do about a failure', () => {
  it.each([
    ['PGRST202', 404, /^Run the migrations of @efir\/cells and expose their schema/],
    ['', 401, /^Sign in, or refresh the session\.$/],
    ['', 0, /^Is the device online, and the URL of the project right\? A write may have landed/],
    ['', 413, /^Send fewer items in one call\. A writeMany with mode "partial" is divided by itself\.$/],
    ['54000', 500, /^Send fewer items in one call\. A/],
    ['', 429, /^Send fewer calls, with more items in each\.$/],
    ['', 504, /^Send fewer items in one call \(a writeMany/],
    ['57014', 500, /or try when the database is less busy\.$/],
    ['', 200, /^Is the URL of the project right\? A sign-in page, firewall or proxy/],
    ['', 500, /^The project, or a proxy before it, is not well just now\./],
    ['40001', 500, /^The project, or a proxy before it, is not well just now\./],
    ['', 501, /^Is the URL of the project right\?/],
    ['', 540, /^The project is paused: restore it in the dashboard\.$/],
    ['25006', 405, /^The database takes no writes just now/],
    ['22003', 400, /^A rule of the database refused it; nothing was written\.$/],
    ['23514', 400, /^A rule of the database refused it; nothing was written\.$/],
  ])('%s with status %i is said', (code, status, hint) => {
    expect(said(code, status).hint).toMatch(hint)
    // What PostgREST advises where a function is missing is another function.
    const advice = said(code, status, { hint: 'Ask Carol.' }).hint
    expect(advice).toBe(code === 'PGRST202' ? said(code, status).hint : 'Ask Carol.')
  })

  it('is nothing of ours where the database refuses the right to it', () => {
    expect(said('42501', 403).hint).toBeUndefined()
    for (const code of ['PT409', 'PT423', 'PT403', 'PT404', 'PT422'])
      expect(said(code, 400).hint).toBeUndefined()
  })

  it.each(['JWT not yet valid', 'JWT issued at future', 'The token is IN THE FUTURE'])(
    'is to set the clock right where the token is of the future: %s',
    (message) => {
      const error = toFailure({ code: 'PGRST303', message }, 401)
      expect(error.hint).toMatch(/^The clock of whoever signed the token runs ahead/)
      expect(error.message).toBe(`Not signed in, or the token is not accepted: ${message}`)
    },
  )
})

describe('a code that only looks like one of those', () => {
  it.each([
    ['XPGRST202', 'server'],
    ['PGRST2020', 'server'],
    ['X42P01', 'server'],
    ['3F0001', 'server'],
    ['XPGRST301', 'server'],
    ['PGRST3011', 'server'],
    ['PGRST304', 'server'],
    ['X57014', 'server'],
    ['57014X', 'server'],
    ['X55P03', 'server'],
    ['00054', 'server'],
    ['X42501', 'server'],
    ['P00010', 'server'],
    ['2351400', 'server'],
    ['X23514', 'server'],
    ['PT500', 'server'],
  ])('is none: %s', (code, expected) => {
    const error = said(code, 400)
    expect(isCellsError(error, expected as never)).toBe(true)
    expect(error.message).toBe('The server failed with status 400: said so')
  })

  it.each([
    ['PGRST301', 400, 'unauthorized'],
    ['PGRST302', 400, 'unauthorized'],
    ['PGRST303', 400, 'unauthorized'],
    ['42883', 404, 'not_installed'],
    ['3F000', 400, 'not_installed'],
    ['PGRST203', 300, 'not_installed'],
    ['', 408, 'timeout'],
    ['57014', 400, 'timeout'],
    ['PGRST003', 400, 'timeout'],
    ['54001', 400, 'too_large'],
  ])('is one whatever the status: %s with %i', (code, status, expected) => {
    expect(said(code, status)).toMatchObject({ code: expected })
  })

  it.each([
    ['42P08', false],
    ['22P40', false],
    ['08006', true],
    ['53300', true],
    ['55006', true],
    ['57P03', true],
    ['58030', true],
    ['XX001', true],
  ])('passes by itself only where its class does: %s', (code, retryable) => {
    expect(said(code, 400)).toMatchObject({ code: 'server', retryable, sqlState: code })
    expect(said(code, 500)).toMatchObject({ code: 'server', retryable, sqlState: code })
  })

  it.each([
    [500, true],
    [499, false],
    [501, false],
    [502, true],
    [505, false],
    [540, false],
  ])('is a matter of the status %i where there is none: passing is %s', (status, retryable) => {
    expect(said('', status)).toMatchObject({ code: 'server', retryable, status, sqlState: undefined })
  })

  it.each(['PGRST102', '2200', '220033', '22o03', 'x2200'])('is no SQLSTATE: %s', (code) => {
    expect((said(code, 400) as TransportError).sqlState).toBeUndefined()
  })
})

describe('a refusal', () => {
  const id = '0199a3c4-0000-7000-8000-0000000000c1'
  const cell = [
    ...[id, 'm', null, 'f', null, '1', null, 'input', true, null, 1],
    ...[null, '2026-11-23T08:00:00+00:00'],
  ]
  const lost = [0, 'lease_lost', null, null]
  const locked = [1, 'locked', cell]
  const kindOf = (code: string, ...results: unknown[]) =>
    (said(code, 400, { details: JSON.stringify({ results }) }) as Refusal).code

  it('of a lost lease is told from that of a lock; of both the lock is told', () => {
    expect(kindOf('PT423', lost)).toBe('lease_lost')
    expect(kindOf('PT423', locked)).toBe('locked')
    expect(kindOf('PT423', lost, locked)).toBe('locked')
    expect(kindOf('PT423')).toBe('locked')
    expect(kindOf('PT409', lost)).toBe('version_conflict')
  })

  it('by a rule of the host keeps its words, and has nothing to list', () => {
    for (const [code, status] of [
      ['', 403],
      ['P0001', 400],
      ['23505', 409],
      ['PT418', 418],
    ] as const) {
      const refusal = said(code, status)
      expect(refusal).toBeInstanceOf(Refusal)
      expect(refusal).toMatchObject({
        code: 'forbidden',
        message: 'said so',
        results: [],
        argument: undefined,
      })
    }
  })

  it('carries what was said as its cause', () => {
    const failure = { code: 'PT404', message: 'No.' }
    expect(toFailure(failure, 404).cause).toBe(failure)
    const thrown = new TypeError('below')
    expect(toFailure(failure, 404, { thrown }).cause).toBe(thrown)
    expect(toFailure({ message: 'x' }, 0, { thrown }).cause).toBe(thrown)
  })
})

describe('an answer of somebody else', () => {
  it.each([
    ['<html><head><title> Sign in </title>', 'an HTML page, “Sign in”'],
    ['\n <!doctype html><TITLE lang="en">Blocked</TITLE>', 'an HTML page, “Blocked”'],
    [`<title>${'x'.repeat(150)}</title>`, `an HTML page, “${'x'.repeat(100)}”`],
    ['<p>no title</p>', 'an HTML page'],
    ['<title></title>', 'an HTML page'],
  ])('is told by its title: %s', (message, words) => {
    const error = toFailure({ message }, 404)
    expect(error).toMatchObject({ code: 'protocol', retryable: false })
    expect(error.message).toBe(`Something else than the database answered, with status 404: ${words}`)
    expect(toFailure({ message }, 200)).toMatchObject({
      code: 'protocol',
      retryable: false,
      message: `The answer, with status 200, is not JSON: ${words}`,
    })
    // A gateway's page is a gateway that is not well.
    expect(toFailure({ message }, 502)).toMatchObject({
      code: 'server',
      retryable: true,
      message: `The server failed with status 502: ${words}`,
    })
  })

  it('may be damaged on its way, which passes', () => {
    expect(toFailure({ message: 'Unexpected end of <JSON>' }, 200)).toMatchObject({
      ...{
        code: 'protocol',
        retryable: true,
        message: 'The answer, with status 200, is not JSON: Unexpected end of <JSON>',
      },
    })
    expect(toFailure({ message: 'not <found>' }, 404)).toMatchObject({ code: 'server', retryable: false })
  })

  it('is quoted up to 300 characters, and where it is empty it is said so', () => {
    expect(toFailure({ message: 'y'.repeat(301) }, 0).message).toBe(
      `No answer from the server: ${'y'.repeat(300)}`,
    )
    expect(toFailure({ message: '' }, 429).message).toBe('Too many requests: it gave no reason')
  })

  it('says how long to wait, whatever kind of failure it is', () => {
    for (const status of [0, 413, 429, 408, 500]) {
      expect(toFailure({ message: 'x' }, status, { retryAfter: 7_000 })).toMatchObject({
        status,
        retryAfter: 7_000,
      })
    }
    expect(toFailure({ message: 'x' }, 413).message).toBe(
      'The call is too large for the server (status 413): x',
    )
    expect(toFailure({ message: 'x' }, 408).message).toBe('The server gave up after its time limit: x')
    expect(said('PGRST202', 404).message).toBe('The database does not offer this call: said so')
  })
})

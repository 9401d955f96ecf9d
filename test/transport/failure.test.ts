import { describe, expect, it } from 'vitest'
import { isCellsError } from '@efir/cells'
import { toFailure } from '../../src/transport/failure.ts'
import { Refusal } from '../../src/transport/port.ts'

const failure = (code: string | null, more = {}) => ({
  code,
  message: 'said so',
  details: null,
  hint: null,
  ...more,
})

describe('a failed call becomes one error of ours', () => {
  it.each([
    ['PGRST202', 404, 'not_installed', false],
    ['PGRST106', 406, 'not_installed', false],
    ['PGRST301', 401, 'unauthorized', false],
    ['PGRST303', 401, 'unauthorized', false],
    ['42501', 401, 'unauthorized', false],
    ['PGRST205', 404, 'not_installed', false],
    ['42P01', 404, 'not_installed', false],
    ['57014', 500, 'timeout', true],
    ['55P03', 500, 'timeout', true],
    ['PGRST003', 504, 'timeout', true],
    ['', 504, 'timeout', true],
    ['', 408, 'timeout', true],
    ['', 429, 'rate_limited', true],
    ['PT429', 429, 'rate_limited', true],
    ['', 413, 'too_large', false],
    ['54000', 500, 'too_large', false],
    ['XX000', 500, 'server', true],
    ['53300', 503, 'server', true],
    ['08006', 503, 'server', true],
    ['40001', 500, 'server', true],
    ['57P01', 503, 'server', true],
    ['PGRST001', 503, 'server', true],
    ['', 500, 'server', true],
    ['', 520, 'server', true],
    ['', 501, 'server', false],
    ['', 540, 'server', false],
    ['25006', 405, 'server', false],
    ['22003', 400, 'server', false],
    ['P0002', 500, 'server', false],
    ['PGRST102', 400, 'server', false],
    ['', 402, 'server', false],
    ['', 0, 'network', true],
  ])('%s with status %i is %s', (code, status, expected, retryable) => {
    const from = failure(code)
    const error = toFailure(from, status)
    expect(isCellsError(error, expected as never)).toBe(true)
    expect(error).toMatchObject({ code: expected, retryable, cause: from })
    expect(error.message).toContain('said so')
  })

  it.each([
    ['PT409', 'version_conflict'],
    ['PT423', 'locked'],
    ['PT403', 'forbidden'],
    ['PT404', 'not_found'],
    ['PT422', 'invalid'],
    ['42501', 'forbidden'],
    ['P0001', 'forbidden'],
    ['23514', 'forbidden'],
    ['PT402', 'forbidden'],
  ])('%s is a refusal: %s', (code, expected) => {
    const error = toFailure(failure(code, { hint: 'do this' }), 403)
    expect(error).toBeInstanceOf(Refusal)
    expect(error).toMatchObject({ code: expected, hint: 'do this', results: [] })
  })

  it.each(['not json', '[]', '{"results": 3}', '"text"', 'null'])(
    'survives a detail that is not ours: %s',
    (details) => {
      expect(toFailure(failure('PT409', { details }), 409)).toMatchObject({
        code: 'version_conflict',
        results: [],
      })
    },
  )

  it('reads the argument that was not acceptable', () => {
    const details = JSON.stringify({ field: 'p_mode', given: 'maybe', allowed: 'atomic or partial' })
    expect(toFailure(failure('PT422', { details }), 422)).toMatchObject({
      argument: { field: 'p_mode', given: 'maybe', allowed: 'atomic or partial' },
    })
  })

  it('tells who may mend it, in the words of the database where it has some', () => {
    const hintOf = (code: string, status: number, more = {}) => toFailure(failure(code, more), status).hint
    expect(hintOf('', 540)).toContain('restore it')
    expect(hintOf('25006', 405)).toContain('takes no writes')
    expect(hintOf('P0001', 400)).toContain('rule of the database')
    expect(hintOf('22003', 400)).toContain('rule of the database')
    expect(hintOf('', 402)).toContain('URL')
    expect(hintOf('57014', 500, { hint: 'ask less' })).toBe('ask less')
    expect(hintOf('PGRST303', 401, { message: 'JWT expired' })).toContain('refresh')
    for (const message of ['JWT not yet valid', 'JWT issued at future']) {
      expect(hintOf('PGRST303', 401, { message })).toContain('clock')
    }
  })

  it('is told across copies of the package', () => {
    const theirs = Object.assign(new Error('no'), {
      code: 'network',
      [Symbol.for('@efir/cells/error')]: true,
    })
    expect(isCellsError(theirs, 'network')).toBe(true)
    expect(isCellsError(new Error('no'))).toBe(false)
  })
})

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
    ['57014', 500, 'timeout', true],
    ['', 504, 'timeout', true],
    ['', 429, 'rate_limited', true],
    ['XX000', 500, 'server', true],
    ['53300', 503, 'server', true],
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
})

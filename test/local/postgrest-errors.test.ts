import { describe, expect, it } from 'vitest'
import { toPostgrestError } from '../../src/local/postgrest-errors.ts'

const answer = (code: string, message = 'message', anonymous = false) =>
  toPostgrestError({ code, message }, { anonymous })

describe('a database error', () => {
  it.each([
    ['PT403', 403],
    ['PT404', 404],
    ['PT409', 409],
    ['PT422', 422],
    ['PT423', 423],
    ['PT999', 500],
    ['PTabc', 500],
    ['P0001', 400],
    ['P0002', 500],
    ['CELLS', 400],
    ['23505', 409],
    ['23503', 409],
    ['23514', 400],
    ['23502', 400],
    ['22003', 400],
    ['22023', 400],
    ['22P02', 400],
    ['21000', 500],
    ['25006', 405],
    ['25001', 500],
    ['28000', 403],
    ['40001', 500],
    ['42501', 403],
    ['42883', 404],
    ['42P01', 404],
    ['42P17', 500],
    ['53300', 503],
    ['53400', 500],
    ['55P03', 500],
    ['57014', 500],
    ['57P01', 503],
    ['08006', 503],
    ['XX000', 500],
  ])('%s is answered with status %i', (code, status) => {
    expect(answer(code).status).toBe(status)
  })

  it('of privilege asks a caller without a token to sign in', () => {
    expect(answer('42501', 'permission denied', true)).toMatchObject({
      status: 401,
      headers: { 'www-authenticate': 'Bearer' },
    })
  })

  it('of an UPDATE without a WHERE is the caller’s', () => {
    expect(answer('21000', 'UPDATE requires a WHERE clause').status).toBe(400)
  })

  it('of a role that is none is a question of the token', () => {
    expect(answer('22023', 'role "nobody" does not exist').status).toBe(401)
  })

  it('keeps code, message, detail and hint, and says null for what is absent', () => {
    expect(
      toPostgrestError(
        { code: 'PT409', message: 'stale', detail: '{"results":[]}', hint: 'reload' },
        { anonymous: false },
      ).body,
    ).toEqual({ code: 'PT409', message: 'stale', details: '{"results":[]}', hint: 'reload' })
    expect(answer('PT404').body).toEqual({ code: 'PT404', message: 'message', details: null, hint: null })
  })
})

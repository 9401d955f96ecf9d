import { describe, expect, test } from 'vitest'
import { withoutSecrets } from '../../src/cli/secrets.ts'

describe('what the command prints', () => {
  test.each([
    'postgres://me:hunter22@host/db',
    'connect to postgresql://me:hunter22@host:5432/db?x=1 failed',
    'user hunter22 has no password',
  ])('has no password of the URL: %s', (text) => {
    const clean = withoutSecrets(text, 'postgres://me:hunter22@host/db')
    expect(clean).not.toContain('hunter22')
    expect(clean).toContain('***')
  })

  test('has no encoded, decoded or malformed one either', () => {
    expect(withoutSecrets('p@ss/word p%40ss%2Fword', 'postgres://me:p%40ss%2Fword@host/db')).toBe('*** ***')
    expect(withoutSecrets('it was p@ss/word', 'postgres://me:p@ss/word@host/db')).toBe('it was ***')
    expect(withoutSecrets('100%wrong', 'postgres://me:100%wrong@host/db')).toBe('***')
    expect(withoutSecrets('opened', 'postgres://host/db?user=me&password=opened')).toBe('***')
  })

  test('keeps what is no secret', () => {
    expect(withoutSecrets('postgres://me@host/db at 10:30', undefined)).toBe('postgres://me@host/db at 10:30')
  })
})

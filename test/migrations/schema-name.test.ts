import { describe, expect, test } from 'vitest'
import { checkedSchema, forSchema } from '../../src/migrations/schema-name.ts'

describe('a schema name', () => {
  test('is efir_budget by default', () => {
    expect(checkedSchema()).toBe('efir_budget')
  })

  test.each(['budget', '_b2', 'a'.repeat(63)])('%s is accepted', (name) => {
    expect(checkedSchema(name)).toBe(name)
  })

  test.each([
    '',
    'Budget',
    '2b',
    'a'.repeat(64),
    'a b',
    'a"; DROP TABLE x; --',
    'public',
    'auth',
    'pg_own',
    'user',
  ])('%j is refused', (name) => {
    expect(() => checkedSchema(name)).toThrow(expect.objectContaining({ code: 'invalid_schema' }))
  })
})

describe('rendering for another schema', () => {
  test('replaces whole words only', () => {
    const text = "SELECT efir_budget.x, 'efir_budget.y', my_efir_budget.z, efir_budgets.z"
    expect(forSchema(text, 'plan')).toBe("SELECT plan.x, 'plan.y', my_efir_budget.z, efir_budgets.z")
  })
})

import { describe, expect, it } from 'vitest'
import { cellKey } from '@efir/cells'
import { entityOf, readReceipts, toCells } from '../../examples/federal-budget/receipts.ts'

describe('US federal receipts as planning cells', () => {
  it('are 237 entities with 60 periods each, every cell with a key of its own', async () => {
    const rows = await readReceipts()
    const cells = toCells(rows)
    expect(rows).toHaveLength(237)
    expect(new Set(rows.map(entityOf)).size).toBe(237)
    expect(cells).toHaveLength(14_220)
    expect(new Set(cells.map(({ address }) => cellKey(address))).size).toBe(14_220)
    expect(new Set(cells.map(({ address }) => address.period))).toContain('TQ')
  })

  it('are the published numbers without their thousands separators', async () => {
    const rows = await readReceipts()
    const cells = toCells(rows)
    const published = rows.flatMap((row) =>
      Object.entries(row).filter(([column]) => /^(\d{4}|TQ)$/.test(column)),
    )
    expect(published.filter(([, text]) => String(text).includes(','))).toHaveLength(4_616)
    expect(cells.map(({ value }) => Number(value).toLocaleString('en-US'))).toEqual(
      published.map(([, text]) => String(text).replace(/^-0$/, '0')),
    )
  })

  it('have entity ids that never change', async () => {
    const [first] = await readReceipts()
    expect(entityOf(first!)).toBe('83e2a517-4908-50da-a5f4-d23e289d232b')
  })

  it('refuse what is not a number as published', async () => {
    const [first] = await readReceipts()
    for (const text of ['1,00', '1.5', '', 'n/a', '1,0000']) {
      expect(() => toCells([{ ...first!, 1962: text }])).toThrow('column 1962')
    }
  })
})

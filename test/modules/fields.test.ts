import { Big } from 'big.js'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import {
  boolean,
  custom,
  date,
  decimal,
  defineModules,
  oneOf,
  text,
  UnreadableValueError,
  validated,
  ValidationError,
  type AnyField,
  type FieldDefinition,
  type StoredCell,
} from '@efir/cells'
import { toStoredValue } from '../../src/model/value.ts'
import type { ModuleRules } from '../../src/modules/rules.ts'

const address = { module: 'revenue', field: 'it', entity: null, period: null }

/** A module of one field, as the rest of the library sees it. */
const rulesOf = (field: FieldDefinition): ModuleRules => defineModules({ revenue: { it: field } })

/** What is stored for a value. */
const store = (field: FieldDefinition, value: unknown) =>
  toStoredValue(rulesOf(field).toInput(address, value, 'change'), 'change.value')

/** The cell that a reader gets for what is stored. */
const read = (field: FieldDefinition, stored: { number?: string; text?: string }) =>
  rulesOf(field).toTyped(rowOf(stored))

const rowOf = ({ number, text }: { number?: string; text?: string }): StoredCell =>
  Object.freeze({
    ...address,
    exists: true,
    id: '0199a3c4-0000-7000-8000-000000000001',
    kind: number !== undefined ? 'number' : text !== undefined ? 'text' : 'empty',
    value: number ?? text ?? null,
    valueType: 'input',
    isLocked: false,
    lockReason: null,
    version: 3,
    modifiedBy: null,
    modifiedAt: '2026-11-23T00:00:00+00:00',
  })

const stored = {
  decimal: fc
    .bigInt({ min: -999999999999999999n, max: 999999999999999999n })
    .map((tenThousandths) => new Big(tenThousandths.toString()).div(10_000).toFixed()),
}

const big = { parse: (stored: string) => new Big(stored), format: (value: Big) => value.toFixed() }

describe('a decimal field', () => {
  it('reads every stored decimal as the very text, in the very cell', () => {
    fc.assert(
      fc.property(stored.decimal, (number) => {
        const row = rowOf({ number })
        expect(rulesOf(decimal({ scale: 0 })).toTyped(row)).toBe(row)
      }),
    )
  })

  it.each([
    ['45000.00', '45000'],
    [45_000.25, '45000.25'],
    [45_000n, '45000'],
    ['-0.10', '-0.1'],
  ])('stores %s as %s', (value, number) => {
    expect(store(decimal({ scale: 2 }), value)).toEqual({ number, text: null })
  })

  it.each(['1.005', 1.005, '-0.001'])('refuses %s where two digits are allowed', (value) => {
    expect(() => store(decimal({ scale: 2 }), value)).toThrow(
      expect.objectContaining({
        code: 'invalid',
        field: 'change.value',
        given: value,
        allowed: 'a decimal of at most 2 digits behind the point',
      }) as Error,
    )
  })

  it.each(['abc', '1e3', true, { text: 'high' }, new Date(0), undefined])('refuses %s', (value) => {
    expect(() => store(decimal(), value)).toThrow(ValidationError)
  })

  it.each([-1, 5, 1.5, '2'])('cannot have the scale %s', (scale) => {
    expect(() => decimal({ scale: scale as number })).toThrow(
      expect.objectContaining({ field: 'scale' }) as Error,
    )
  })
})

describe('a decimal field as numbers', () => {
  const field = decimal({ as: 'number' })

  it('reads a number exactly or not at all, and what it reads it can write back', () => {
    fc.assert(
      fc.property(stored.decimal, (number) => {
        const cell = read(field, { number })
        if (cell.kind === 'unreadable')
          expect(number.replace(/[-.]/g, '').replace(/^0+/, '').length).toBeGreaterThan(15)
        else {
          expect(new Big(cell.value as number).toFixed()).toBe(number)
          expect(store(field, cell.value)).toEqual({ number, text: null })
        }
      }),
    )
  })

  it('refuses a lossy read with an error that names the cell', () => {
    const cell = read(field, { number: '99999999999999.9999' })
    expect(cell).toMatchObject({ kind: 'unreadable', raw: '99999999999999.9999', version: 3 })
    expect(() => cell.value).toThrow(UnreadableValueError)
    expect(() => cell.value).toThrow(/^Cell \["revenue",null,"it",null\] holds what its field cannot read/)
    expect(() => cell.value).toThrow(
      expect.objectContaining({
        code: 'unreadable',
        address,
        raw: '99999999999999.9999',
        retryable: false,
      }) as Error,
    )
  })

  it.each(['1', 1n, NaN, 1.000_01, 0.1 + 0.2])('refuses to write %s', (value) => {
    expect(() => store(field, value)).toThrow(ValidationError)
  })
})

describe('a decimal field by a library', () => {
  const field = decimal({ scale: 2, as: big })

  it('hands out and takes its decimals, exactly', () => {
    fc.assert(
      fc.property(stored.decimal, (number) => {
        const { value } = read(field, { number })
        expect(value).toBeInstanceOf(Big)
        expect((value as Big).eq(number)).toBe(true)
        expect(store(decimal({ as: big }), value)).toEqual({ number, text: null })
      }),
    )
  })

  it('still minds its scale, and refuses what is no decimal of that library', () => {
    expect(() => store(field, new Big('0.001'))).toThrow('at most 2 digits')
    expect(() => store(field, '1')).toThrow(
      expect.objectContaining({ field: 'change.value', cause: expect.any(TypeError) as Error }) as Error,
    )
  })
})

describe('fields of text', () => {
  const anyText = fc.string({ unit: 'grapheme', maxLength: 200 })

  it('keep every text as it is', () => {
    fc.assert(
      fc.property(anyText, (value) => {
        expect(store(text(), value)).toEqual({ number: null, text: value })
        expect(read(text(), { text: value }).value).toBe(value)
      }),
    )
  })

  it('are true or false, one of some, or a day, and come back as what they were', () => {
    const day = fc
      .date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true })
      .map((time) => time.toISOString().slice(0, 10))
    const cases: readonly (readonly [AnyField, fc.Arbitrary<unknown>])[] = [
      [boolean(), fc.boolean()],
      [oneOf(['draft', 'final']), fc.constantFrom('draft', 'final')],
      [date(), day],
    ]
    for (const [field, values] of cases) {
      fc.assert(
        fc.property(values, (value) => {
          const { text } = store(field, value)
          expect(text).toBe(String(value))
          expect(read(field, { text: text! }).value).toBe(value)
        }),
      )
    }
  })

  it.each([
    ['text', text(), 5],
    ['text', text(), { text: 'wrapped' }],
    ['a boolean', boolean(), 'true'],
    ['a boolean', boolean(), 0],
    ['a choice', oneOf(['draft', 'final']), 'Draft'],
    ['a day', date(), '2026-02-29'],
    ['a day', date(), '2026-2-1'],
    ['a day', date(), '2026-13-01'],
    ['a day', date(), new Date(0)],
  ])('refuse what is not %s: %#', (_, field, value) => {
    expect(() => store(field, value)).toThrow(
      expect.objectContaining({ code: 'invalid', field: 'change.value', given: value }) as Error,
    )
  })

  it('say what may be chosen', () => {
    expect(() => store(oneOf(['draft', 'final']), 'Draft')).toThrow('allowed: "draft", "final" or null.')
    expect(() => oneOf([])).toThrow(expect.objectContaining({ field: 'choices' }) as Error)
    expect(() => oneOf('draft' as never)).toThrow(ValidationError)
    expect(() => oneOf([1] as never)).toThrow(ValidationError)
  })

  it.each([
    ['yes', boolean()],
    ['Draft', oneOf(['draft', 'final'])],
    ['2026-02-30', date()],
  ])('are unreadable where %s is stored', (value, field) => {
    const cell = read(field, { text: value })
    expect(cell).toMatchObject({ kind: 'unreadable', raw: { text: value } })
    expect(() => cell.value).toThrow(UnreadableValueError)
  })
})

describe('a field of an own codec', () => {
  it('may be a class with state', () => {
    class Tags {
      #separator = ' '
      parse(stored: string) {
        return stored.split(this.#separator)
      }
      format(tags: string[]) {
        return tags.join(this.#separator)
      }
    }
    const field = custom('text', new Tags())
    expect(store(field, ['a', 'b'])).toEqual({ number: null, text: 'a b' })
    expect(read(field, { text: 'a b' }).value).toEqual(['a', 'b'])
  })

  it('is refused where what it formats cannot be stored', () => {
    const field = custom('number', { parse: Number, format: (value: number) => value.toExponential() })
    expect(() => store(field, 1000)).toThrow(
      expect.objectContaining({ code: 'invalid', field: 'change.value', given: '1e+3' }) as Error,
    )
  })

  it('passes on what its functions throw as the cause', () => {
    const broken = new Error('broken')
    const fail = (): never => {
      throw broken
    }
    const field = custom('text', { parse: fail, format: fail })
    expect(() => store(field, 'x')).toThrow(
      expect.objectContaining({
        code: 'invalid',
        cause: broken,
        allowed: 'what the field it can store',
      }) as Error,
    )
    expect(() => read(field, { text: 'x' }).value).toThrow(
      expect.objectContaining({ code: 'unreadable', cause: broken }) as Error,
    )
  })
})

describe('a field with a schema', () => {
  it('checks what is written and what is read', () => {
    const field = validated(decimal({ as: 'number' }), z.number().min(0).max(1))
    expect(store(field, 0.25)).toEqual({ number: '0.25', text: null })
    expect(() => store(field, 1.5)).toThrow(
      expect.objectContaining({
        field: 'change.value',
        given: 1.5,
        allowed: expect.stringContaining('<=1') as string,
      }) as Error,
    )
    expect(read(field, { number: '0.25' }).value).toBe(0.25)
    expect(read(field, { number: '1.5' })).toMatchObject({
      kind: 'unreadable',
      problem: expect.stringContaining('<=1') as string,
    })
  })

  it('may be the schema alone, for text', () => {
    expect(store(z.email(), 'ada@example.org')).toEqual({ number: null, text: 'ada@example.org' })
    expect(() => store(z.email(), 'ada')).toThrow('Invalid email')
    expect(read(z.enum(['junior', 'senior']), { text: 'senior' }).value).toBe('senior')
    expect(read(z.enum(['junior', 'senior']), { text: 'head' }).kind).toBe('unreadable')
  })

  it('stores what the schema answers', () => {
    expect(store(z.string().trim().toLowerCase(), ' ADA ')).toEqual({ number: null, text: 'ada' })
  })

  it('says where in a structure the issue is', () => {
    const json = custom('text', {
      parse: (stored): unknown => JSON.parse(stored),
      format: (value: unknown) => JSON.stringify(value),
    })
    const field = validated(json, z.object({ rooms: z.array(z.object({ seats: z.int() })) }))
    expect(store(field, { rooms: [{ seats: 30 }] }).text).toBe('{"rooms":[{"seats":30}]}')
    expect(read(field, { text: '{"rooms":[{"seats":30}]}' }).value).toEqual({ rooms: [{ seats: 30 }] })
    expect(() => store(field, { rooms: [{ seats: 'many' }] })).toThrow('rooms.0.seats: ')
    expect(read(field, { text: 'not JSON' }).kind).toBe('unreadable')
  })

  it('takes a path whose parts are objects, as the standard allows', () => {
    const schema = {
      '~standard': {
        version: 1,
        vendor: 'test',
        validate: () => ({ issues: [{ message: 'no', path: [{ key: 'a' }, 'b', 0] }] }),
      },
    } as const
    expect(() => store(validated(text(), schema), 'x')).toThrow('allowed: a.b.0: no.')
  })

  it('must answer at once', () => {
    const slow = z.string().refine(async () => true)
    expect(() => store(slow, 'x')).toThrow('answers at once')
    expect(read(slow, { text: 'x' }).kind).toBe('unreadable')
  })

  it('keeps the period and the entity of its field', () => {
    expect(validated(text({ period: true, entity: 'optional' }), z.string())).toMatchObject({
      period: true,
      entity: 'optional',
      stored: 'text',
    })
  })
})

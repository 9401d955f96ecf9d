import { seeded } from './random.ts'

interface Organization {
  readonly id: string
  readonly name: string
  readonly users: readonly string[]
}

export interface Budget {
  readonly id: string
  readonly organization: Organization
  /** Of all cells of the data set, the first one of this budget, and how many it has. */
  readonly first: number
  readonly cells: number
}

/** Who and what there is, before any cell: the same for everyone who asks with the same scale. */
export interface Shape {
  readonly organizations: readonly Organization[]
  /** The first one is the big one. */
  readonly budgets: readonly Budget[]
  readonly cells: number
  readonly changes: number
  readonly comments: number
}

// A slice is what a person has on the screen: one entity in one module, 50 fields in the 10 periods of a school year.
const FIELDS = 50
const PERIODS = ['09', '10', '11', '12', '01', '02', '03', '04', '05', '06'].map(
  (month, index) => `${index < 4 ? 2026 : 2027}-${month}`,
)
const SLICE = FIELDS * PERIODS.length
const MODULES = ['revenue', 'payroll', 'enrolment', 'opex', 'capex'] as const
/** The field that holds text; the others hold numbers. */
export const TEXT_FIELD = 48

const BUDGETS = [
  [1_000_000, 100_000, 5_000, 5_000, 5_000, 5_000, 5_000, 5_000, 5_000, 5_000],
  [50_000, 15_000],
  [50_000, 15_000],
  [50_000, 15_000],
  [50_000, 15_000],
] as const

export function shapeOf(scale: number): Shape {
  const random = seeded(1)
  const organizations = BUDGETS.map((_, index) => ({
    id: random.uuid(),
    name: `Organisation ${index + 1}`,
    users: Array.from({ length: index === 0 ? 50 : 10 }, () => random.uuid()),
  }))
  const budgets: Budget[] = []
  let first = 0
  for (const [index, organization] of organizations.entries()) {
    for (const size of BUDGETS[index] ?? []) {
      const cells = Math.max(1, Math.round(size * scale))
      budgets.push({ id: random.uuid(), organization, first, cells })
      first += cells
    }
  }
  return {
    organizations,
    budgets,
    cells: first,
    changes: Math.round(10_000_000 * scale),
    comments: Math.round(100_000 * scale),
  }
}

const entities = new Map<number, string>()

function entityOf(number: number): string {
  let id = entities.get(number)
  if (id === undefined) {
    id = seeded(1000 + number).uuid()
    entities.set(number, id)
  }
  return id
}

export interface Key {
  readonly module: string
  readonly entity: string | null
  readonly field: number
  readonly period: string | null
}

/** The natural key of a budget's cell, by its number in the budget: slice after slice, field after field. */
export function keyOf(cell: number): Key {
  const slice = Math.floor(cell / SLICE)
  const place = cell % SLICE
  const field = Math.floor(place / PERIODS.length)
  return {
    module: MODULES[slice % MODULES.length] ?? '',
    // The first slice is of the module itself.
    entity: slice === 0 ? null : entityOf(Math.floor(slice / MODULES.length)),
    field,
    // The last one of a slice is a value without a period, e.g. a total.
    period: place === SLICE - 1 ? null : (PERIODS[place % PERIODS.length] ?? ''),
  }
}

export const fieldName = (field: number): string => `field_${String(field).padStart(2, '0')}`

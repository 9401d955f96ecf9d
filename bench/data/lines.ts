import { seeded, timePrefix } from './random.ts'
import { fieldName, keyOf, type Budget, type Shape } from './shape.ts'
import { LOCK_REASON, isText, type Cells, type Change, type Commit } from './log.ts'

/** A table's columns in order, and its rows as COPY reads them (text, tabs between, `\N` for null). */
export interface Lines {
  readonly table: string
  readonly columns: readonly string[]
  readonly rows: Iterable<string>
}

const NULL = '\\N'
const KEY = ['module_code', 'entity_id', 'field_name', 'period_code'] as const

function keyColumns(cellInBudget: number): string {
  const { module, entity, field, period } = keyOf(cellInBudget)
  return `${module}\t${entity ?? NULL}\t${fieldName(field)}\t${period ?? NULL}`
}

const time = (milliseconds: number): string => new Date(milliseconds).toISOString()
const number = (hundredths: number): string =>
  `${Math.floor(hundredths / 100)}.${String(hundredths % 100).padStart(2, '0')}`
const text = (value: number): string => `Note ${value}`

/** 009's columns, and with `record` those that 010 adds. */
export function changeLines(changes: Iterable<Change>, cells: Cells, record: boolean): Lines {
  function* rows(): Generator<string> {
    let commit: Commit | undefined
    let at = ''
    for (const { id, commit: of, sequence, cell, version, before, after } of changes) {
      if (commit !== of) {
        commit = of
        at = time(of.at)
      }
      const place = cell - of.budget.first
      const textual = isText(place)
      const old = before === null ? NULL : textual ? text(before) : number(before)
      const now = textual ? text(after) : number(after)
      const given =
        `${id}\t${cells.ids[cell] ?? ''}\t${of.budget.id}\t${keyColumns(place)}\t` +
        `${textual ? NULL : old}\t${textual ? NULL : now}\t${of.type}\t${of.session}\t${sequence}\t${of.user}\t${at}`
      yield record
        ? `${given}\t${of.action}\t${textual ? old : NULL}\t${textual ? now : NULL}\t` +
          `${version === 1 ? NULL : version - 1}\t${version}\t` +
          `${of.action === 'lock' ? `t\t${LOCK_REASON}` : `f\t${NULL}`}\t${of.id}\n`
        : `${given}\n`
    }
  }
  return {
    table: 'cell_changes',
    columns: [
      ...['id', 'cell_id', 'budget_version_id', ...KEY, 'old_value', 'new_value', 'change_type'],
      ...['session_id', 'sequence_number', 'changed_by', 'changed_at'],
      ...(record ? ['action', 'old_text', 'new_text', 'old_version', 'new_version'] : []),
      ...(record ? ['is_locked', 'lock_reason', 'commit_id'] : []),
    ],
    rows: rows(),
  }
}

export function cellLines(shape: Shape, cells: Cells): Lines {
  function* rows(): Generator<string> {
    for (const budget of shape.budgets) {
      for (let cell = budget.first; cell < budget.first + budget.cells; cell += 1) {
        const newest = cells.newest[cell]
        if (newest === undefined) throw new Error('The log has to be walked first.')
        const place = cell - budget.first
        const value = cells.values[cell] ?? 0
        yield (
          `${cells.ids[cell] ?? ''}\t${budget.id}\t${keyColumns(place)}\t` +
          `${isText(place) ? `${NULL}\t${text(value)}` : `${number(value)}\t${NULL}`}\t` +
          `${newest.type === 'import' ? 'imported' : 'input'}\t` +
          `${cells.locked[cell] === 1 ? `t\t${LOCK_REASON}` : `f\t${NULL}`}\t` +
          `${newest.user}\t${time(newest.at)}\t${cells.versions[cell] ?? 0}\t${time(newest.at)}\n`
        )
      }
    }
  }
  return {
    table: 'planning_cells',
    columns: [
      ...['id', 'budget_version_id', ...KEY, 'value_numeric', 'value_text', 'value_type'],
      ...['is_locked', 'lock_reason', 'modified_by', 'modified_at', 'version', 'created_at'],
    ],
    rows: rows(),
  }
}

export function commentLines(shape: Shape, cells: Cells): Lines {
  function* rows(): Generator<string> {
    const random = seeded(3)
    for (let comment = 0; comment < shape.comments; comment += 1) {
      const cell = random.below(shape.cells)
      const commit = cells.newest[cell]
      if (commit === undefined) throw new Error('The log has to be walked first.')
      const { users } = commit.budget.organization
      const at = time(commit.at + comment)
      yield (
        `${random.uuidAt(timePrefix(commit.at))}\t${cells.ids[cell] ?? ''}\t` +
        `Where does this number come from? See sheet ${comment}, please.\t${random.fraction() < 0.3 ? 't' : 'f'}\t` +
        `${users[random.below(users.length)] ?? ''}\t${at}\t${at}\n`
      )
    }
  }
  return {
    table: 'cell_comments',
    columns: ['id', 'cell_id', 'comment_text', 'is_resolved', 'created_by', 'created_at', 'updated_at'],
    rows: rows(),
  }
}

export function* recordLines(shape: Shape, commits: readonly Commit[]): Generator<Lines> {
  yield {
    table: 'cell_sessions',
    columns: ['id', 'budget_version_id', 'actor', 'label', 'change_type', 'created_at'],
    rows: commits.map(
      ({ session, budget, user, type, at }) =>
        `${session}\t${budget.id}\t${user}\t${NULL}\t${type}\t${time(at)}\n`,
    ),
  }
  yield {
    table: 'cell_commits',
    columns: [
      'commit_id',
      'budget_version_id',
      'revision',
      'session_id',
      'change_type',
      'actor',
      'created_at',
    ],
    rows: commits.map(
      ({ id, budget, revision, session, type, user, at }) =>
        `${id}\t${budget.id}\t${revision}\t${session}\t${type}\t${user}\t${time(at)}\n`,
    ),
  }
  const newest = new Map<Budget, number>()
  for (const { budget, revision } of commits) newest.set(budget, revision)
  yield {
    table: 'budget_revisions',
    columns: ['budget_version_id', 'revision'],
    rows: shape.budgets.map((budget) => `${budget.id}\t${newest.get(budget) ?? 0}\n`),
  }
}

export function* hostLines(shape: Shape): Generator<Lines> {
  const users = shape.organizations.flatMap((organization) =>
    organization.users.map((user) => ({ user, organization })),
  )
  yield {
    table: 'organizations',
    columns: ['id', 'name'],
    rows: shape.organizations.map(({ id, name }) => `${id}\t${name}\n`),
  }
  yield {
    table: 'user_profiles',
    columns: ['user_id', 'organization_id'],
    rows: users.map(({ user, organization }) => `${user}\t${organization.id}\n`),
  }
  yield {
    table: 'budget_versions',
    columns: ['id', 'organization_id', 'name'],
    rows: shape.budgets.map(
      ({ id, organization }, index) => `${id}\t${organization.id}\tBudget ${index + 1}\n`,
    ),
  }
}

/** Rows of `auth.users`, which is in another schema. */
export const userIds = (shape: Shape): string[] => shape.organizations.flatMap(({ users }) => users)

import { ValidationError, type BudgetVersionId, type UserId } from '../../index.ts'

/** A budget, reached past the API: for a script of the house that has the URL of the database. */
export interface DatabaseTarget {
  /**
   * `postgres://…`, of the role that owns the schema or of one that may be `service_role`. A direct connection and the
   * poolers of Supabase serve alike.
   */
  readonly database: string | URL
  readonly budgetVersionId: BudgetVersionId
  /**
   * The id of the user whose step it is, a member of the organisation: then `budget.undo()` of that user takes it back.
   * @default a program's, which is on record and on nobody's undo stack
   */
  readonly actor?: UserId | undefined
  /**
   * Where the migrations were made.
   * @default 'efir_budget'
   */
  readonly databaseSchema?: string | undefined
}

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** @throws {ValidationError} naming what is not acceptable; never with the URL, which may hold a password. */
export function checkTarget({ database, actor }: DatabaseTarget): void {
  if (!/^postgres(?:ql)?:\/\/./.test(String(database))) {
    throw new ValidationError(
      'database',
      'something else',
      'a URL such as postgres://user:password@host:5432/postgres',
    )
  }
  if (actor !== undefined && !uuid.test(actor)) {
    throw new ValidationError('actor', actor, 'the id of a user')
  }
}

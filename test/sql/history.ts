/** A history as data: what users try, without the versions and revisions that only its run can tell. */
import type { Seeds } from './engine.ts'
import type { ChangeType, Content, Mode } from './model/types.ts'

/** A version is chosen when the command's turn comes: what the user last saw, what is there now, none, any. */
export type Base = 'seen' | 'current' | 'new' | 'any'

export type Command =
  | { readonly do: 'look'; readonly user: string }
  | {
      readonly do: 'write'
      readonly user: string
      /** A write with the service key: nobody's. */
      readonly byProgram: boolean
      readonly budget: string
      readonly items: readonly {
        readonly cell: string
        readonly put: Content
        readonly base: Base
      }[]
      readonly mode: Mode
      readonly type: ChangeType
      readonly session: string | null
    }
  | { readonly do: 'undo' | 'redo'; readonly user: string; readonly budget: string }
  | {
      readonly do: 'lock' | 'unlock'
      readonly user: string
      readonly budget: string
      readonly cells: readonly string[]
    }
  | {
      readonly do: 'permit' | 'deny'
      readonly user: string
      readonly budget: string
      readonly cell: string
    }
  | {
      readonly do: 'restore'
      readonly user: string
      readonly budget: string
      readonly cells: readonly string[]
      /** How many revisions to go back; past the first it is the first. */
      readonly back: number
      readonly mode: Mode
    }
  /** An earlier call sent again, the nth last; altered: another payload under the same operation id. */
  | { readonly do: 'retry'; readonly back: number; readonly altered: boolean }

export type History = {
  readonly users: readonly string[]
  readonly cells: readonly string[]
  readonly seeds: Seeds
  readonly commands: readonly Command[]
}

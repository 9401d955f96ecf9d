import type { Authorization } from './authorization.ts'
import type { ChangeFeed } from './change-feed.ts'
import type { KeptReplication } from './kept-replication.ts'
import type { Rooms } from './rooms.ts'
import type { replay } from './stored-messages.ts'
import type { Switches } from './switches.ts'
import type { TokenChecker } from './token.ts'

/** What all channels of a relay share. */
export interface Grounds {
  readonly tokens: TokenChecker
  readonly authorization: Authorization
  readonly rooms: Rooms
  readonly changes: ChangeFeed
  /** Of the table of messages. */
  readonly broadcasts: KeptReplication
  readonly switches: Switches
  readonly replay: (topic: string, since: number, limit: number) => ReturnType<typeof replay>
}

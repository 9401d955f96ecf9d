import { randomBytes } from 'node:crypto'
import type { Client } from 'pg'
import { LogicalReplicationService, PgoutputPlugin, type Pgoutput } from 'pg-logical-replication'

/** One row's change, in the order of the commits. */
export type RowChange = Pgoutput.MessageInsert | Pgoutput.MessageUpdate | Pgoutput.MessageDelete

export interface ReplicationOptions {
  readonly databaseUrl: string
  readonly publication: string
  /** @param committedAt In microseconds since 1970. */
  readonly onChange: (change: RowChange, committedAt: bigint) => void
  /** It ended by itself: the backend died, or the publication is gone. */
  readonly onLost: () => void
}

/** A slot that goes with its connection: what is committed while nobody listens is lost, as on Supabase. */
class TemporarySlot extends PgoutputPlugin {
  override async start(client: Client, slotName: string, lastLsn: string): Promise<unknown> {
    await client.query(`CREATE_REPLICATION_SLOT "${slotName}" TEMPORARY LOGICAL pgoutput NOEXPORT_SNAPSHOT`)
    return super.start(client, slotName, lastLsn)
  }
}

/** What is committed to the tables of a publication, read from the write-ahead log. */
export class Replication {
  readonly #service: LogicalReplicationService

  private constructor(service: LogicalReplicationService) {
    this.#service = service
  }

  /** Resolves when nothing that is committed from then on will be missed. */
  static async open({
    databaseUrl,
    publication,
    onChange,
    onLost,
  }: ReplicationOptions): Promise<Replication> {
    const service = new LogicalReplicationService({
      connectionString: databaseUrl,
      application_name: 'cells-realtime',
    })
    const replication = new Replication(service)
    let committedAt = 0n
    service.on('data', (_lsn: string, said: Pgoutput.Message) => {
      if (said.tag === 'begin') committedAt = said.commitTime as bigint
      // Values as the text that Postgres sends: what they become is decided by who knows the table.
      else if (said.tag === 'relation')
        for (const column of said.columns) column.parser = (text) => text as unknown
      else if (said.tag === 'insert' || said.tag === 'update' || said.tag === 'delete')
        onChange(said, committedAt)
    })
    const started = new Promise<void>((resolve) => service.on('start', resolve))
    const ended = service.subscribe(
      new TemporarySlot({ protoVersion: 1, publicationNames: [publication] }),
      `cells_${randomBytes(8).toString('hex')}`,
    )
    let isOpen = false
    service.on('error', () => undefined)
    const lost = ended.then(
      () => undefined,
      (error: unknown) => error,
    )
    void lost.then(() => {
      if (isOpen && !service.isStop()) onLost()
    })
    const failure = await Promise.race([
      started.then(() => undefined),
      lost.then((error) => error ?? new Error('ended')),
    ])
    if (failure !== undefined) {
      await service.destroy().catch(() => undefined)
      throw new Error(`The write-ahead log of ${publication} can't be read.`, { cause: failure })
    }
    isOpen = true
    return replication
  }

  async close(): Promise<void> {
    await this.#service.destroy().catch(() => undefined)
  }
}

import hostDown from './sql/000_host.down.sql'
import hostUp from './sql/000_host.up.sql'
import writebackDown from './sql/009_planning_cells_writeback.down.sql'
import writebackUp from './sql/009_planning_cells_writeback.up.sql'

/** One numbered migration: the text of its two files, written for the schema `efir_budget`. */
export type Migration = {
  /** The file name without `.up.sql`. */
  readonly name: string
  readonly up: string
  readonly down: string
  /** Applied only on request: the tables of an application that has none. */
  readonly optional?: 'host'
}

/** Every migration, in the order of application. To add one: its two imports above, its line here. */
export const bundle: readonly Migration[] = [
  { name: '000_host', up: hostUp, down: hostDown, optional: 'host' },
  { name: '009_planning_cells_writeback', up: writebackUp, down: writebackDown },
]

import { join } from 'node:path'
import { connectTenants } from '../../src/local/index.ts'
import { startStackProcess } from '../client/stack-process.ts'
import { watchBystander } from '../import/bystander.ts'
import { copyCells, copyRecords, openPlace, writeTable, type Place } from '../import/place.ts'
import { bundleImporter, runImporter, type ImporterReply } from '../import/run-importer.ts'
import { percentile } from '../measure.ts'
import { latencyRow, rounded, type Row } from '../report.ts'
import type { RunSuite } from '../suite.ts'

/** `importCells` with a CSV file, in a process of its own, beside raw COPY of as many cells in the same run. */
export const run: RunSuite = async ({ scale, progress }) => {
  const cells = Math.round(1_000_000 * scale)
  const program = await bundleImporter()
  const place = await openPlace(scale < 0.01)
  try {
    const [first, second] = [join(place.folder, 'first.csv'), join(place.folder, 'second.csv')]
    await writeTable(first, cells, '25')
    await writeTable(second, cells, '75')
    const copies: number[] = []
    const recordCopies: number[] = []
    const baseline = async () => {
      progress(`COPY of ${cells} cells, and of their records`)
      copies.push(await copyCells(place, cells))
      recordCopies.push(await copyRecords(place, cells))
    }
    const ours = async (what: string, source: string, isRoomy = false): Promise<ImporterReply> => {
      progress(`${what} of ${cells} cells`)
      const url = place.server.url('authenticator', place.database)
      return await runImporter(program, {
        lane: 'api',
        url,
        user: place.importer,
        budget: place.budget,
        source,
        isRoomy,
      })
    }
    const copied = async (): Promise<ImporterReply> => {
      progress(`insert of ${cells} cells by COPY`)
      const url = place.server.url('postgres', place.database)
      const budget = await place.newBudget()
      return await runImporter(program, { lane: 'copy', url, user: place.importer, budget, source: first })
    }
    await baseline()
    const bystander = await watchBystander(place)
    const insert = await ours('insert', first)
    const update = await ours('update', second)
    const waited = await bystander.stop()
    await baseline()
    const unchanged = await ours('unchanged', second)
    const roomy = await ours('unchanged, with the heap that Node takes by itself,', second, true)
    await baseline()
    const copyLane = await copied()
    await baseline()
    const http = await throughHttp(program, place, Math.max(1_000, Math.round(cells / 20)), progress)
    const baselineSpeed = (cells / percentile(copies, 0.5)) * 1_000
    const bothSpeed = (cells / (percentile(copies, 0.5) + percentile(recordCopies, 0.5))) * 1_000
    const row = (name: string, reply: ImporterReply, count: keyof ImporterReply['counts']): Row => {
      if (reply.counts[count] !== cells) throw new Error(`${name}: ${JSON.stringify(reply.counts)}`)
      const speed = (cells / reply.milliseconds) * 1_000
      return {
        name,
        unit: 'cells/s',
        p50: rounded(speed),
        p95: null,
        baseline: rounded(baselineSpeed),
        ratio: rounded(speed / baselineSpeed),
        // What is written leaves a record; what is unchanged leaves none.
        ...(name.startsWith('unchanged')
          ? {}
          : { withRecords: rounded(bothSpeed), ratioWithRecords: rounded(speed / bothSpeed) }),
        cells,
        clientCpuPerCell: `${rounded((reply.cpuMilliseconds * 1_000) / cells)} µs`,
      }
    }
    const megabytes = Math.max(...[insert, update, unchanged, copyLane].map((reply) => reply.megabytes))
    return [
      { ...row('insert.1000000', insert, 'created'), http: rounded(http) },
      row('update.1000000', update, 'updated'),
      row('unchanged.1000000', unchanged, 'unchanged'),
      row('copylane.1000000', copyLane, 'created'),
      {
        name: 'rss.max',
        unit: 'MB',
        p50: rounded(megabytes),
        p95: null,
        baseline: null,
        ratio: null,
        asLibrary: rounded(roomy.megabytes),
      },
      { ...latencyRow('bystander.write', waited, undefined), writes: waited.length },
    ]
  } finally {
    await place.close()
  }
}

/** Cells a second through the local stack's gateway: the way of an import, and no measure of it. */
async function throughHttp(
  program: string,
  place: Place,
  cells: number,
  progress: (message: string) => void,
): Promise<number> {
  progress(`insert of ${cells} cells over HTTP`)
  const source = join(place.folder, 'http.csv')
  await writeTable(source, cells, '25')
  const stack = await startStackProcess()
  const { tenants, close } = connectTenants(stack.coordinates)
  try {
    const organization = await tenants.createOrganization()
    const user = await tenants.createUser({ organization })
    const { id } = await tenants.createBudget({ organization })
    const { url, anonKey } = stack.coordinates
    const token = { key: anonKey, access: user.accessToken }
    const { milliseconds } = await runImporter(program, {
      lane: 'api',
      url,
      token,
      user: user.id,
      budget: id,
      source,
    })
    return (cells / milliseconds) * 1_000
  } finally {
    await close()
    await stack.stop()
  }
}

import type { LiveClient, Mutant } from './live-client.ts'
import type { Meddle } from './network.ts'

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null

/** Clients whose next read is answered with "nothing new", unasked. */
const hasJustJoined = new WeakSet<LiveClient>()

/** Mistakes that a client could make; the property must find each of them. */
export const mutants: readonly Mutant[] = [
  {
    name: 'it applies what the stream brings without looking for a gap',
    told: (client, event) => {
      const { cursor } = client.live.engine.state
      if (event.type !== 'feed' || cursor === null || event.page.from <= cursor) return event
      return { type: 'feed', page: { ...event.page, from: cursor } }
    },
  },
  {
    name: 'it believes that it has caught up as soon as it has joined',
    told: (client, event) => {
      if (event.type === 'joined') hasJustJoined.add(client)
      return event
    },
    meddle:
      (client): Meddle =>
      ({ name, parameters }) => {
        if (name !== 'changes_since' || !hasJustJoined.delete(client)) return parameters
        const revision = Number(parameters.p_revision)
        return Response.json({ revision, from: revision, to: revision, resync: false, commits: [] })
      },
  },
  {
    name: 'it drops the user’s newest value at the echo of an earlier one',
    told: (client, event) => {
      if (event.type === 'feed') {
        const touched = event.page.commits.flatMap((commit) => [...commit.cells, ...commit.deleted])
        setTimeout(() => client.live.store.overlay(touched.map((cell) => [cell, null])))
      }
      return event
    },
  },
  {
    name: 'it sends again under another operation id',
    meddle: (): Meddle => {
      const sent = new Set<unknown>()
      return ({ name, parameters }) => {
        if (name !== 'write_cells') return parameters
        const { p_operation_id: id } = parameters
        if (!sent.has(id)) {
          sent.add(id)
          return parameters
        }
        return { ...parameters, p_operation_id: crypto.randomUUID() }
      }
    },
  },
  {
    name: 'it bases what it sends on nothing that the user saw',
    meddle: (): Meddle => {
      const versions = new Map<string, unknown>()
      return ({ name, parameters }) => {
        if (name !== 'write_cells' || !Array.isArray(parameters.p_items)) return parameters
        // What was typed while an earlier write was under way keeps that one's base.
        const items = parameters.p_items.filter(isObject).map((item) => {
          const key = JSON.stringify([item.module, item.entity, item.field, item.period])
          const base = versions.get(key) ?? item.base
          versions.set(key, base)
          return { ...item, base }
        })
        return { ...parameters, p_items: items }
      }
    },
  },
]

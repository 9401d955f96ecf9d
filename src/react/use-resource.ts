import { useMemo, useSyncExternalStore } from 'react'
import type { Budget } from '../index.ts'
import type { Loaded, Read, Resource } from './resource.ts'
import { resourcesOf, type Topic } from './resources.ts'
import { useBudget } from './use-sheet.ts'

/** What was asked of the server, shared with all components that ask the same. */
export interface ResourceView<Data> extends Loaded<Data> {
  readonly resource: Resource<Data>
}

/**
 * Reads something of the provider's budget.
 *
 * @param key says what is read: `read` may be another function with every render.
 */
export function useResource<Data>(
  topic: Topic,
  key: string,
  read: (budget: Budget) => Read<Data>,
): ResourceView<Data> {
  const budget = useBudget()
  // eslint-disable-next-line react-hooks/exhaustive-deps -- the key says what is read
  const resource = useMemo(() => resourcesOf(budget).get(topic, key, read(budget)), [budget, topic, key])
  const loaded = useSyncExternalStore(resource.subscribe, resource.getSnapshot, resource.getServerSnapshot)
  return useMemo(() => ({ ...loaded, resource }), [loaded, resource])
}

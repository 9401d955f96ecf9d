import { useSyncExternalStore } from 'react'
import { ValidationError } from '../index.ts'
import { useView } from './contexts.ts'
import { openEarly } from './early-views.ts'

const never = () => () => undefined

/**
 * Where `isWaiting`, suspends until the sheet is ready.
 *
 * @throws why the sheet cannot be opened or loaded; on a server, that it has nothing to show.
 */
export function useSuspense(isWaiting: boolean): void {
  const view = useView()
  // The same for both where nobody waits: what hydrates is not rendered again for it.
  const isServer = useSyncExternalStore(
    never,
    () => false,
    () => isWaiting,
  )
  if (!isWaiting) return
  const { error } = view.connection.state.getSnapshot()
  if (error !== null) throw error
  // A server opens no stream. React leaves the boundary to the browser then, which is what it should do.
  if (isServer) throw new ValidationError('initial', undefined, 'a snapshot, for a server to render')
  // eslint-disable-next-line @typescript-eslint/only-throw-error -- how React 18 and 19 are told to wait
  throw openEarly(view)
}

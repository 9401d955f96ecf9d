import { TransportError } from './errors.ts'

/**
 * Fetches code that not every application needs, when it is first used, so that the others do not pay for it.
 *
 * @throws {TransportError} where it cannot be fetched.
 */
export async function load<Code>(fetch: () => Promise<Code>): Promise<Code> {
  try {
    return await fetch()
  } catch (cause) {
    throw new TransportError('network', 'A part of @efir/cells could not be loaded; nothing was sent.', 0, {
      cause,
      hint: 'Is the device online, and are the files of this version of the application still served?',
    })
  }
}

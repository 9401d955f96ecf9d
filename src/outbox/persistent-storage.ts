import { CellsError } from '../errors.ts'

/** Where texts outlive the page: what {@link OpenOptions.persist} takes besides `true`. Any key-value store will do. */
export interface PersistentStorage {
  /** The keys of all that is kept and begins so. */
  keys(prefix: string): Promise<readonly string[]>
  /** `undefined` where nothing is kept under that key. */
  get(key: string): Promise<string | undefined>
  /** Puts texts, by key, and then removes keys: all of it, or nothing. Resolves when it is kept. */
  write(put: ReadonlyMap<string, string>, remove: readonly string[]): Promise<void>
}

/** How a sheet's writes are kept. Frozen. */
export interface StorageStatus {
  /** `memory`: they go with the page, because nobody asked for more, or because there is no more to be had. */
  readonly kind: 'memory' | 'persistent'
  /** Why they are not kept as they should be; `null` where they are. */
  readonly error: StorageError | null
  /** The keys under which there are writes of earlier pages that cannot be read. They are never removed. */
  readonly unreadable: readonly string[]
}

/** The browser does not keep what it should: it is full, forbids it, or holds what cannot be read. */
export class StorageError extends CellsError {
  override readonly name = 'StorageError'
  override readonly code = 'storage'
}

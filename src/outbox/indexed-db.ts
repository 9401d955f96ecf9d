import type { PersistentStorage } from './persistent-storage.ts'

const databaseName = 'efir-cells'
const storeName = 'outboxes'

/** The browser's own database. Texts in one store, by key. */
export function indexedDbStorage(factory: IDBFactory): PersistentStorage {
  let opened: Promise<IDBDatabase> | undefined

  const open = (): Promise<IDBDatabase> => {
    opened ??= connect(factory, () => (opened = undefined))
    return opened
  }
  const inStore = async <Result>(
    mode: IDBTransactionMode,
    work: (store: IDBObjectStore) => IDBRequest<Result> | undefined,
  ): Promise<Result | undefined> => {
    const transaction = (await open()).transaction(storeName, mode)
    return await new Promise((resolve, reject) => {
      const request = work(transaction.objectStore(storeName))
      transaction.oncomplete = () => resolve(request?.result)
      // A full disk ends the transaction, and no request.
      transaction.onabort = () => reject(transaction.error ?? new Error('The transaction was aborted.'))
    })
  }

  return {
    async keys(prefix) {
      const range = IDBKeyRange.bound(prefix, `${prefix}\uffff`)
      const keys = await inStore('readonly', (store) => store.getAllKeys(range))
      return (keys ?? []).map(String)
    },
    async get(key) {
      return (await inStore<unknown>('readonly', (store) => store.get(key))) as string | undefined
    },
    async write(put, remove) {
      await inStore('readwrite', (store) => {
        for (const [key, text] of put) store.put(text, key)
        for (const key of remove) store.delete(key)
        return undefined
      })
    },
  }
}

function connect(factory: IDBFactory, forget: () => void): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = factory.open(databaseName, 1)
    request.onupgradeneeded = () => void request.result.createObjectStore(storeName)
    request.onsuccess = () => {
      const database = request.result
      database.onclose = forget
      // Somebody else wants to upgrade or delete it, and waits for us.
      database.onversionchange = () => {
        forget()
        database.close()
      }
      resolve(database)
    }
    request.onerror = () => {
      forget()
      reject(request.error ?? new Error('The database did not open.'))
    }
  })
}

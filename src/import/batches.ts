import { createHash, type Hash } from 'node:crypto'
import { judge, type ImportItem, type Judge } from './map/items.ts'
import type { Records } from './read/record.ts'
import type { ImportReject } from './report.ts'

/** Records of the source that are settled together. */
export interface Batch {
  /** From 0. */
  readonly number: number
  readonly items: readonly ImportItem[]
  /** Found while reading. */
  readonly rejects: readonly ImportReject[]
  /** Values that were left empty. */
  readonly skipped: number
  /** Records of the source up to and with this batch. */
  readonly records: number
  /** Stands for the contents of all batches up to and with this one: the same source gives the same. */
  readonly digest: string
}

/** The source as batches: the same ones every time. A record's cells stay together where a batch can hold them. */
export async function* batchesOf(
  records: Records,
  by: Judge,
  size: number,
): AsyncGenerator<Batch, void, undefined> {
  let open = new OpenBatch(0, 0, '')
  for await (const chunk of records.chunks) {
    for (const record of chunk) {
      const judgements = judge(record, by)
      if (open.size > 0 && open.size + judgements.length > size) {
        const batch = open.close()
        yield batch
        open = new OpenBatch(batch.number + 1, batch.records, batch.digest)
      }
      open.records++
      for (const judgement of judgements) {
        if (open.size >= size) {
          const batch = open.close()
          yield batch
          open = new OpenBatch(batch.number + 1, batch.records, batch.digest)
        }
        if ('item' in judgement) open.add(judgement.item, judgement.key)
        else if ('reject' in judgement) open.reject(judgement.reject)
        else open.skipped++
      }
    }
  }
  yield open.close()
}

class OpenBatch {
  readonly #number: number
  readonly #items: ImportItem[] = []
  readonly #rejects: ImportReject[] = []
  readonly #hash: Hash
  #said = ''
  records: number
  skipped = 0

  constructor(number: number, records: number, digest: string) {
    this.#number = number
    this.records = records
    this.#hash = createHash('sha256').update(digest)
  }

  /** Rejects count: a source of nothing else must not be held in memory either. */
  get size(): number {
    return this.#items.length + this.#rejects.length
  }

  add(item: ImportItem, key: string): void {
    const { value } = item
    this.#items.push(item)
    this.#said += typeof value === 'string' ? `${key}${value}\n` : `${key}${JSON.stringify(value)}\n`
    if (this.#items.length % 1_000 === 0) this.#digest()
  }

  reject(reject: ImportReject): void {
    this.#rejects.push(reject)
    this.#said += JSON.stringify(reject)
  }

  /** Some at a time: to hash each by itself takes longer than to read it. */
  #digest(): void {
    this.#hash.update(this.#said)
    this.#said = ''
  }

  close(): Batch {
    this.#digest()
    return {
      number: this.#number,
      items: this.#items,
      rejects: this.#rejects,
      skipped: this.skipped,
      records: this.records,
      digest: this.#hash.update(`${this.records}/${this.skipped}`).digest('hex'),
    }
  }
}

import { describe, expect, it } from 'vitest'
import { Resource } from '../../src/react/resource.ts'

/** A list of numbers on a server that answers when the test says so; newest first, read two by two. */
function open() {
  const server = [2, 1, 0]
  const asked: (() => void)[] = []
  const answer = () => new Promise<void>((resolve) => asked.push(resolve))
  const resource = new Resource<readonly number[]>(
    async (signal, held) => {
      await answer()
      signal.throwIfAborted()
      return server.slice(0, Math.max(2, held?.length ?? 0))
    },
    () => () => undefined,
  )
  const more = () =>
    resource.extend(async (signal, held = []) => {
      await answer()
      signal.throwIfAborted()
      const place = server.indexOf(held.at(-1)!)
      return [...held, ...server.slice(place + 1, place + 3)]
    })
  /** Answers what is asked, and what is asked because of that, until nothing is. */
  const answerAll = async () => {
    for (let turn = 0; turn < 20; turn++) {
      asked.splice(0).forEach((resolve) => resolve())
      await new Promise(setImmediate)
    }
  }
  return { server, resource, more, answerAll, shown: () => resource.getSnapshot().data }
}

describe('what is asked for', () => {
  it('is read again and read on at the same time, and neither is lost: the news first', async () => {
    const { server, resource, more, answerAll, shown } = open()
    resource.subscribe(() => undefined)
    await answerAll()
    expect(shown()).toEqual([2, 1])
    server.unshift(3)
    const both = Promise.all([resource.refresh(), more()])
    await answerAll()
    await both
    expect(shown()).toEqual([3, 2, 1, 0])
  })

  it('is read again and read on at the same time, and neither is lost: the news last', async () => {
    const { server, resource, more, answerAll, shown } = open()
    resource.subscribe(() => undefined)
    await answerAll()
    const both = Promise.all([more(), resource.refresh()])
    server.unshift(3)
    await answerAll()
    await both
    expect(shown()?.[0]).toBe(3)
    expect(shown()).toHaveLength(3)
  })

  it('is read on once after the other, however fast it is asked for', async () => {
    const { server, resource, more, answerAll, shown } = open()
    server.push(-1, -2, -3)
    resource.subscribe(() => undefined)
    await answerAll()
    const both = Promise.all([more(), more()])
    await answerAll()
    await both
    expect(shown()).toEqual([2, 1, 0, -1, -2, -3])
    expect(resource.getSnapshot()).toMatchObject({ isLoading: false, error: null })
  })
})

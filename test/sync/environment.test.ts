import { afterEach, describe, expect, it, vi } from 'vitest'
import { systemEnvironment } from '../../src/sync/environment.ts'

afterEach(() => void vi.unstubAllGlobals())

describe('the world around a page', () => {
  it('tells when the page is shown, focused, online and offline, until nobody listens', () => {
    const window = new EventTarget()
    const document = Object.assign(new EventTarget(), { visibilityState: 'hidden' })
    vi.stubGlobal('window', window)
    vi.stubGlobal('document', document)
    vi.stubGlobal('navigator', { onLine: false })
    const told: string[] = []
    const end = systemEnvironment.watch((event) => told.push(event))
    document.dispatchEvent(new Event('visibilitychange'))
    document.visibilityState = 'visible'
    document.dispatchEvent(new Event('visibilitychange'))
    for (const name of ['focus', 'pageshow', 'online', 'offline']) window.dispatchEvent(new Event(name))
    expect(told).toEqual(['offline', 'wake', 'wake', 'wake', 'online', 'offline'])
    end()
    window.dispatchEvent(new Event('focus'))
    expect(told).toHaveLength(6)
  })

  it('has nothing to tell where there is no page', () => {
    const told: string[] = []
    systemEnvironment.watch((event) => told.push(event))()
    expect(told).toEqual([])
    expect(systemEnvironment.wallTime()).toBeGreaterThan(0)
  })
})

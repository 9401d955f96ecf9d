import './support/dom.ts'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { useSheet, useUndoRedo } from '@efir/cells/react'
import { act, fireEvent } from '@testing-library/react'
import { fill, probe, until, connectWorld, within } from './support/world.tsx'

const world = await connectWorld()
afterEach(() => document.body.replaceChildren())

/** Alice, with a component that listens to keys, and what she was asked to undo. */
async function listening(target?: EventTarget) {
  const { alice } = await world()
  await fill(alice.budget, { a: '1' })
  const undoing = probe(() => useUndoRedo({ keyboard: target ?? true }))
  const second = probe(() => useUndoRedo({ keyboard: true }))
  const sheet = probe(() => useSheet())
  within(
    { budget: alice.budget },
    <>
      <undoing.Probe />
      {target === undefined ? <second.Probe /> : null}
      <sheet.Probe />
    </>,
  )
  await until(() => undoing.now.canUndo && sheet.now !== null)
  const turns = { undo: 0, redo: 0 }
  for (const turn of ['undo', 'redo'] as const) {
    vi.spyOn(sheet.now!, turn).mockImplementation(async () => {
      turns[turn] += 1
      return { status: 'nothing', revision: 1, sessionId: null, label: null, outcomes: [] }
    })
  }
  return turns
}

function page(html: string): HTMLElement {
  const part = document.createElement('div')
  document.body.append(part)
  part.innerHTML = html
  return part
}

const press = (target: Element | Document, keys: object) => act(async () => fireEvent.keyDown(target, keys))

describe('undo by keys', () => {
  it('takes each key once, however many components listen, and keeps the browser from it', async () => {
    const turns = await listening()
    expect(await press(document.body, { key: 'z', ctrlKey: true })).toBe(false)
    expect(turns).toEqual({ undo: 1, redo: 0 })
    await press(document.body, { key: 'z', metaKey: true })
    expect(turns).toEqual({ undo: 2, redo: 0 })
    await press(document.body, { key: 'Z', ctrlKey: true, shiftKey: true })
    await press(document.body, { key: 'Z', metaKey: true, shiftKey: true })
    await press(document.body, { key: 'y', ctrlKey: true })
    expect(turns).toEqual({ undo: 2, redo: 3 })
  })

  it('leaves other keys alone', async () => {
    const turns = await listening()
    for (const keys of [
      { key: 'z' },
      { key: 'z', ctrlKey: true, altKey: true },
      { key: 'z', ctrlKey: true, metaKey: true },
      { key: 'z', ctrlKey: true, isComposing: true },
      { key: 'x', ctrlKey: true },
      { key: 'Enter', ctrlKey: true, code: 'KeyZ' },
    ]) {
      expect(await press(document.body, keys)).toBe(true)
    }
    expect(turns).toEqual({ undo: 0, redo: 0 })
  })

  it('goes by the place of the key where it writes no Latin letter', async () => {
    const turns = await listening()
    await press(document.body, { key: 'я', code: 'KeyZ', ctrlKey: true })
    await press(document.body, { key: 'н', code: 'KeyY', ctrlKey: true })
    expect(turns).toEqual({ undo: 1, redo: 1 })
  })

  it('leaves a key alone that somebody has taken already', async () => {
    const turns = await listening()
    const editor = page('<div id="editor"></div>').firstElementChild!
    editor.addEventListener('keydown', (event) => event.preventDefault())
    await press(editor, { key: 'z', ctrlKey: true })
    expect(turns.undo).toBe(0)
  })

  it.for([
    ['an input', '<input>'],
    ['an input of a kind that is typed in', '<input type="date">'],
    ['a textarea', '<textarea></textarea>'],
    ['a select', '<select></select>'],
    ['an element that is edited', '<div contenteditable="true"></div>'],
    ['an element that is edited as plain text', '<div contenteditable="plaintext-only"></div>'],
  ] as const)('is the field’s own while the user types in %s', async ([, html]) => {
    const turns = await listening()
    const field = page(html).firstElementChild!
    expect(await press(field, { key: 'z', ctrlKey: true })).toBe(true)
    expect(turns.undo).toBe(0)
  })

  it('is the field’s own inside an element that is edited, but for what is not', async () => {
    const turns = await listening()
    const edited = page('<div contenteditable><b>bold</b><i contenteditable="false">fixed</i></div>')
    await press(edited.querySelector('b')!, { key: 'z', ctrlKey: true })
    expect(turns.undo).toBe(0)
    await press(edited.querySelector('i')!, { key: 'z', ctrlKey: true })
    expect(turns.undo).toBe(1)
  })

  it('sees a field inside shadow roots', async () => {
    const turns = await listening()
    const outer = page('<div></div>').firstElementChild!.attachShadow({ mode: 'open' })
    outer.innerHTML = '<section></section>'
    const inner = outer.firstElementChild!.attachShadow({ mode: 'open' })
    inner.innerHTML = '<input><button></button>'
    await press(inner.querySelector('input')!, { key: 'z', ctrlKey: true, composed: true })
    expect(turns.undo).toBe(0)
    await press(inner.querySelector('button')!, { key: 'z', ctrlKey: true, composed: true })
    expect(turns.undo).toBe(1)
  })

  it('undoes from a control that nobody types in', async () => {
    const turns = await listening()
    for (const type of ['checkbox', 'radio', 'range', 'button']) {
      await press(page(`<input type="${type}">`).firstElementChild!, { key: 'z', ctrlKey: true })
    }
    expect(turns.undo).toBe(4)
  })

  it('listens to one element where it is given one, and no more when the component is gone', async () => {
    const part = page('<p></p>')
    const turns = await listening(part)
    await press(document.body, { key: 'z', ctrlKey: true })
    expect(turns.undo).toBe(0)
    await press(part.firstElementChild!, { key: 'z', ctrlKey: true })
    expect(turns.undo).toBe(1)
  })
})

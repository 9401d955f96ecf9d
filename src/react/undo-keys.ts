import type { Turn } from './turns.ts'

/** What a key asks for: Ctrl or Cmd with Z undoes, with Shift and Z, or with Y, redoes. */
export function turnOf(event: KeyboardEvent): Turn | undefined {
  if (event.defaultPrevented || event.isComposing || event.altKey) return undefined
  if (event.ctrlKey === event.metaKey) return undefined
  const letter = letterOf(event)
  if (letter === 'z') return event.shiftKey ? 'redo' : 'undo'
  return letter === 'y' && !event.shiftKey && event.ctrlKey ? 'redo' : undefined
}

/**
 * Whether the key belongs to a text that is being typed, which has an undo of its own. Looks into shadow roots, where
 * `event.target` is only their host.
 */
export function isTyping(event: Event): boolean {
  const elements = event.composedPath().filter((target): target is HTMLElement => isElement(target))
  const [focused] = elements
  if (focused === undefined) return false
  if (focused.ownerDocument.designMode === 'on') return true
  const name = focused.localName
  if (name === 'textarea' || name === 'select') return true
  if (name === 'input') return !withoutText.has((focused as HTMLInputElement).type)
  // The nearest one decides, in a shadow root as outside.
  const editable = elements.flatMap((element) => element.getAttribute('contenteditable') ?? []).at(0)
  return editable !== undefined && editable.toLowerCase() !== 'false'
}

const withoutText: ReadonlySet<string> = new Set([
  'button',
  'checkbox',
  'color',
  'file',
  'image',
  'radio',
  'range',
  'reset',
  'submit',
])

/** By what is written on the key, and where that is no Latin letter, by where the key is. */
function letterOf({ key, code }: KeyboardEvent): string {
  if (/^[a-z]$/i.test(key)) return key.toLowerCase()
  return key.length === 1 && key > '\u007f' && code.startsWith('Key') ? code.slice(3).toLowerCase() : ''
}

function isElement(target: EventTarget): boolean {
  return 'nodeType' in target && target.nodeType === 1
}

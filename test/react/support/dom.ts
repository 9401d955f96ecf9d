import { Window } from 'happy-dom'

// What React and the Testing Library ask of a page, and nothing more: fetch, WebSocket, URL, AbortController and events
// of the network stay Node's own, so that the tests speak to the stack as other programs do.
const window = new Window({ url: 'http://127.0.0.1/' })
const names = [
  'document',
  'Node',
  'Element',
  'HTMLElement',
  'HTMLIFrameElement',
  'DocumentFragment',
  'MutationObserver',
] as const
for (const name of names) Object.defineProperty(globalThis, name, { value: window[name], configurable: true })
Object.defineProperty(globalThis, 'window', { value: window, configurable: true })

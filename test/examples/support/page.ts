import '../../react/support/dom.ts'

// What Vue and Svelte ask of a page besides what React does.
const names = ['Text', 'Comment', 'SVGElement', 'MathMLElement', 'ShadowRoot'] as const
const page = window as unknown as Record<string, unknown>
for (const name of names) Object.defineProperty(globalThis, name, { value: page[name], configurable: true })

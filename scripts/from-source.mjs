// Runs a program of this repository without a build: `@efir/cells…` means its source, and migrations are text.
//   node --import ./scripts/from-source.mjs examples/tour/main.ts
import { registerHooks } from 'node:module'
import './sql-as-text.mjs'

registerHooks({
  resolve(specifier, context, nextResolve) {
    const [, entry] = /^@efir\/cells(?:\/([a-z]+))?$/.exec(specifier) ?? []
    if (entry === undefined && specifier !== '@efir/cells') return nextResolve(specifier, context)
    return nextResolve(
      new URL(`../src/${entry === undefined ? '' : `${entry}/`}index.ts`, import.meta.url).href,
      context,
    )
  },
})

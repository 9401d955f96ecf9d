import { connectTenants } from '../../src/local/index.ts'
import { measureSize } from '../client/size.ts'
import { startStackProcess } from '../client/stack-process.ts'
import { measureScrolling } from '../react/scrolling.ts'
import { measureTyping } from '../react/typing.ts'
import { hasChromium } from '../../test/browser/support/chromium.ts'
import { absentRow } from '../report.ts'
import type { RunSuite } from '../suite.ts'

/** The hooks in Chromium beside TinyBase's, and what hooks and components weigh. */
export const run: RunSuite = async function* (context) {
  const { wants } = context
  if (!hasChromium) {
    const note = 'no Chromium at CHROMIUM or /usr/bin/chromium'
    if (wants('foreign.change.renders')) yield absentRow('foreign.change.renders', 'renders', note)
    if (wants('typing.scripting')) yield absentRow('typing.scripting', 'ms', note)
    if (wants('scrolling.frame')) yield absentRow('scrolling.frame', 'ms', note)
  } else if (['foreign.change.renders', 'typing.scripting', 'scrolling.frame'].some(wants)) {
    const stack = await startStackProcess()
    const { tenants, close } = connectTenants(stack.coordinates)
    try {
      if (wants('foreign.change.renders') || wants('typing.scripting'))
        yield* measureTyping(stack.coordinates, tenants, context)
      if (wants('scrolling.frame'))
        yield await measureScrolling({ ...stack.coordinates, ...tenants }, context)
    } finally {
      await close()
      await stack.stop()
    }
  }
  if (wants('size.react')) yield await measureSize('size.react', 'src/react/index.ts')
}

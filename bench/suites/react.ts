import { connectTenants } from '../../src/local/index.ts'
import { measureSize } from '../client/size.ts'
import { startStackProcess } from '../client/stack-process.ts'
import { hasBrowser, measureTyping } from '../react/typing.ts'
import { absentRow } from '../report.ts'
import type { RunSuite } from '../suite.ts'

/** The hooks in Chromium beside TinyBase's, and what hooks and components weigh. */
export const run: RunSuite = async function* (context) {
  const { wants } = context
  if (!hasBrowser) {
    const note = 'no Chromium at CHROMIUM or /usr/bin/chromium'
    if (wants('foreign.change.renders')) yield absentRow('foreign.change.renders', 'renders', note)
    if (wants('typing.scripting')) yield absentRow('typing.scripting', 'ms', note)
  } else if (wants('foreign.change.renders') || wants('typing.scripting')) {
    const stack = await startStackProcess()
    const { tenants, close } = connectTenants(stack.coordinates)
    try {
      yield* measureTyping(stack.coordinates, tenants, context)
    } finally {
      await close()
      await stack.stop()
    }
  }
  if (wants('size.react')) yield await measureSize('size.react', 'src/react/index.ts')
}

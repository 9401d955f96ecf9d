// Writes docs/guide/command-line-transcript.md anew, from what the commands print:
//   npm run transcript
import { writeFileSync } from 'node:fs'
import { startLocalStack } from '../src/local/index.ts'
import { makeTranscript, transcriptFile } from '../test/cli/support/transcript.ts'

const stack = await startLocalStack()
try {
  const text = await makeTranscript(stack)
  writeFileSync(transcriptFile, text)
  console.log(`${text.split('\n$ ').length - 1} commands written to docs/guide/command-line-transcript.md`)
} finally {
  await stack.stop()
}

import { readFile } from 'node:fs/promises'
import { expect } from 'vitest'
import { localOnly, useStack } from '../support/stack.ts'
import { makeTranscript, transcriptFile } from './support/transcript.ts'

const stack = await useStack()

localOnly('its words are those of the local stack').it(
  'the transcript in the docs is what the commands print (npm run transcript)',
  async () => {
    expect(await makeTranscript(stack)).toBe(await readFile(transcriptFile, 'utf8'))
  },
  120_000,
)

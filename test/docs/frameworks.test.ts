import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const root = join(import.meta.dirname, '../..')

it.each([
  'wrap-your-own-hook/use-cell.ts',
  'vue/use-store.ts',
  'svelte/readable.ts',
  'svelte/cell-input.svelte',
])('the guide to frameworks shows examples/%s as it is', async (file) => {
  const guide = await readFile(join(root, 'docs/guide/frameworks.md'), 'utf8')
  const example = await readFile(join(root, 'examples', file), 'utf8')
  expect(guide).toContain(`\n${example}\`\`\`\n`)
})

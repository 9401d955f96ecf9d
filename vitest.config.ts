import { readFileSync } from 'node:fs'
import { defineConfig, type Plugin } from 'vitest/config'

const sqlAsText: Plugin = {
  name: 'sql-as-text',
  enforce: 'pre',
  load(id) {
    if (!id.endsWith('.sql')) return null
    return `export default ${JSON.stringify(readFileSync(id, 'utf8'))}`
  },
}

const source = (path: string) => `${import.meta.dirname}/src/${path}`

export default defineConfig({
  plugins: [sqlAsText],
  resolve: {
    alias: [
      { find: /^@efir\/cells$/, replacement: source('index.ts') },
      { find: /^@efir\/cells\/([a-z]+)$/, replacement: source('$1/index.ts') },
    ],
  },
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
})

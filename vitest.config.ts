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
    include: ['test/**/*.test.{ts,tsx}'],
    globalSetup: ['test/support/global-setup.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // `npm run coverage`. The command and the local stack are run as processes of their own, where this cannot see them.
    coverage: {
      include: ['src/**/*.{ts,tsx}'],
      exclude: ['src/cli/**', 'src/local/**', '**/*.d.ts'],
      reporter: ['text', 'json-summary'],
      thresholds: { lines: 95, branches: 95 },
    },
  },
})

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

const alias = [
  { find: /^@efir\/cells$/, replacement: source('index.ts') },
  { find: /^@efir\/cells\/([a-z]+)$/, replacement: source('$1/index.ts') },
]
const react18 = `${import.meta.dirname}/test/react/react-18/node_modules`
/** Of the older React, and of what asks for React itself and shall get the same one: as ES modules, which can be told. */
const olderAlias = [
  { find: /^(react|react-dom)(\/.*)?$/, replacement: `${react18}/$1$2` },
  {
    find: /^@testing-library\/react$/,
    replacement: `${import.meta.dirname}/node_modules/@testing-library/react/dist/@testing-library/react.esm.js`,
  },
]
const limits = {
  // Long, for a machine that is busy: what hangs fails all the same.
  testTimeout: 60_000,
  hookTimeout: 120_000,
  // Two even on two cores: most of the time is the database's, a browser's or another process's. Said of each project,
  // for what is said above them does not count.
  maxWorkers: 2,
}

export default defineConfig({
  plugins: [sqlAsText],
  resolve: { alias },
  test: {
    // One stack for the whole run, whichever of the two a file belongs to.
    globalSetup: ['test/support/global-setup.ts'],
    projects: [
      {
        extends: false,
        plugins: [sqlAsText],
        resolve: { alias },
        test: { name: 'cells', include: ['test/**/*.test.{ts,tsx}'], ...limits },
      },
      {
        extends: false,
        plugins: [sqlAsText],
        resolve: { alias: [...alias, ...olderAlias] },
        test: {
          name: 'react 18',
          include: ['test/react/**/*.test.{ts,tsx}'],
          server: { deps: { inline: [/@testing-library\/react/] } },
          ...limits,
        },
      },
    ],
    // For `npm run coverage`, which adds what ran in a browser. The command and the local stack are run as processes of
    // their own, where this cannot see them.
    coverage: {
      include: ['src/**/*.{ts,tsx}'],
      exclude: ['src/cli/**', 'src/local/**', '**/*.d.ts'],
      reporter: ['json'],
      reportOnFailure: true,
    },
  },
})

import { defineConfig } from 'vitest/config'
import config from './vitest.config.ts'

/** The tests that need no database, for mutation testing. */
export default defineConfig({
  ...config,
  test: {
    include: ['test/{model,transport,history,modules}/**/*.test.ts', 'test/refusal*.test.ts'],
    testTimeout: 30_000,
  },
})

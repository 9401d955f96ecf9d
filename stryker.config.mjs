/** Mutation tests of what decides without doing: the model, and how failures become errors. `npm run mutate` */
export default {
  packageManager: 'npm',
  testRunner: 'vitest',
  vitest: { configFile: 'vitest.mutate.config.ts', related: false },
  plugins: ['@stryker-mutator/vitest-runner'],
  mutate: ['src/model/**/*.ts', 'src/errors.ts', 'src/refusal.ts', 'src/transport/failure.ts'],
  thresholds: { high: 90, low: 80, break: 80 },
  reporters: ['clear-text', 'progress', 'html'],
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
  htmlReporter: { fileName: 'reports/mutation.html' },
  coverageAnalysis: 'perTest',
  concurrency: 2,
  // What neither a mutant nor its tests have changed since the last run is not run again.
  incremental: true,
  incrementalFile: 'reports/mutation.json',
  tempDirName: 'node_modules/.cache/stryker',
}

/** Import lanes of the house (docs/architecture.md): data flows one way, so imports do too. */
export default {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'model-is-pure',
      comment: 'The model knows nothing but itself and the errors.',
      severity: 'error',
      from: { path: '^src/model/' },
      to: { pathNot: '^src/(model/|errors\\.ts$|errors/)' },
    },
    {
      name: 'transport-is-the-only-door',
      comment: 'Only the transport talks to Supabase; the core entry may name its client type.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(transport/|local/|client\\.ts$|index\\.ts$)' },
      to: { path: 'node_modules/@supabase/' },
    },
    {
      name: 'core-runs-anywhere',
      comment: 'The core imports no Node module.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(local|cli|import)/' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'users-have-it-too',
      comment:
        'What is imported at run time comes with the package or is a peer. The command carries its own.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/cli/' },
      to: {
        dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'],
        dependencyTypesNot: ['npm', 'npm-peer', 'type-only'],
      },
    },
    {
      name: 'core-knows-no-outer-room',
      severity: 'error',
      from: { path: '^src/(?!local/|migrations/|cli/|react/|import/)' },
      to: { path: '^src/(local|migrations|cli|react|import)/' },
    },
    {
      name: 'migrations-need-no-driver',
      severity: 'error',
      from: { path: '^src/migrations/' },
      to: { pathNot: '^src/migrations/' },
    },
    {
      name: 'outer-rooms-use-entry-points',
      severity: 'error',
      from: { path: '^src/(react|cli|import)/' },
      to: { path: '^src/', pathNot: '^src/(react|cli|import)/|^src/index\\.ts$|^src/[a-z]+/index\\.ts$' },
    },
    {
      name: 'users-use-entry-points',
      comment: 'Examples see what a user sees.',
      severity: 'error',
      from: { path: '^examples/' },
      to: { path: '^src/', pathNot: '^src/index\\.ts$|^src/[a-z]+/index\\.ts$' },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types', 'default'] },
  },
}

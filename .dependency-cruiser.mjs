/** Import lanes of the house (docs/architecture.md): data flows one way, so imports do too. */
export default {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'model-is-pure',
      comment: 'The model knows nothing but itself and the errors.',
      severity: 'error',
      from: { path: '^src/model/' },
      to: { pathNot: '^src/(model/|errors\\.ts$)' },
    },
    {
      name: 'modules-are-pure',
      comment: 'Any room may ask what a field makes of a value.',
      severity: 'error',
      from: { path: '^src/modules/' },
      to: { pathNot: '^src/(modules/|model/|errors\\.ts$)|node_modules/@standard-schema/' },
    },
    {
      name: 'store-knows-the-model-only',
      comment: 'Facts come to the store; it asks nobody.',
      severity: 'error',
      from: { path: '^src/store/' },
      to: { pathNot: '^src/(store|model)/|^src/errors\\.ts$' },
    },
    {
      name: 'transport-is-the-only-door',
      comment:
        'Only the transport talks to Supabase; the core entry may name its client type. The command is an application.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(transport/|local/|cli/|client\\.ts$|index\\.ts$)' },
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
      name: 'states-are-pure',
      comment:
        'A *-state.ts decides and does nothing: of other rooms it knows the model and the types of what comes in.',
      severity: 'error',
      from: { path: '^src/(sync|outbox|presence|editing)/[a-z-]+-(state|policy|status)\\.ts$' },
      to: {
        pathNot:
          '^src/(model/|(sync|outbox)/[a-z-]+-(state|policy|status)\\.ts$|presence/member\\.ts$|store/facts\\.ts$|transport/(feed|port)\\.ts$)',
      },
    },
    {
      name: 'sync-and-outbox-know-ports',
      comment: 'They are given a transport, a stream and a clock, and call no server themselves.',
      severity: 'error',
      from: { path: '^src/(sync|outbox|presence|editing)/' },
      to: {
        path: '^src/(transport|sheet)/',
        pathNot: '^src/transport/(port|stream|clock|feed|shape)\\.ts$',
      },
    },
    {
      name: 'sync-and-outbox-keep-apart',
      comment: 'The sheet puts them together.',
      severity: 'error',
      from: { path: '^src/(sync|outbox)/' },
      to: { path: '^src/(sync|outbox)/', pathNot: '^src/$1/' },
    },
    {
      name: 'live-code-is-loaded-late',
      comment: 'src/live.ts imports it dynamically, so that whoever opens no sheet does not load it.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(sheet|sync|outbox|presence|editing|store)/|^src/live\\.ts$' },
      to: { path: '^src/(sheet|sync|outbox|presence|editing|store)/', dependencyTypesNot: ['type-only'] },
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
      name: 'react-stands-on-the-core',
      comment: 'Hooks and components are what any application could have written.',
      severity: 'error',
      from: { path: '^src/react/' },
      to: { pathNot: '^src/react/|^src/index\\.ts$|node_modules/(@types/)?react/' },
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

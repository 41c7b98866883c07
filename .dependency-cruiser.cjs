// The rooms of src/ and what each may know. Commands flow inward, events flow outward; what is not named is forbidden.

/** A room may import itself and, below src/, what is listed: a room, or one file of it. */
const room = (name, ...known) => ({
  name: `${name}-knows-only`,
  comment: `${name} may know: ${known.join(', ') || 'nothing'}`,
  severity: 'error',
  from: { path: `^src/${name}/` },
  to: { path: '^src/', pathNot: [`^src/${name}/`, ...known.map((part) => `^src/${part}[/.]`)] },
});

/** Only those listed may import it. */
const only = (importers, name, path) => ({
  name: `${name}-is-for-few`,
  comment: `only ${importers.join(', ')} may import this`,
  severity: 'error',
  from: { path: '^src/', pathNot: [`^src/${path}`, ...importers.map((part) => `^src/${part}[/.]`)] },
  to: { path: `^src/${path}` },
});

/** One line per room. */
const rooms = [
  room('concurrency'),
  room('calls', 'event-store', 'concurrency', 'clock', 'config', 'failure', 'rate-limit'),
  room('event-store', 'database/(outage|batch)'),
  room('database', 'devices/device.entity', 'clock'),
  room('push', 'clock'),
  room('auth', 'clock', 'config', 'failure', 'safe-json'),
  room('devices', 'database', 'event-store', 'operations/log', 'clock', 'failure', 'rate-limit'),
  room(
    ...['ringing', 'calls', 'concurrency', 'devices', 'push', 'event-store', 'database', 'auth/action-tokens'],
    ...['operations/(log|gateway-url)', 'clock', 'config'],
  ),
  room(
    'history',
    'calls/domain',
    'concurrency',
    'deadline',
    'devices',
    'event-store/personal-data',
    'ringing/wake-events',
    'database',
    'operations/log',
    'clock',
    'config',
    'failure',
  ),
  room(
    ...[
      'privacy',
      'calls',
      'cluster/(feed|cluster.module)',
      'devices',
      'event-store',
      'history/recent-calls',
    ],
    ...['database/pools', 'operations/log', 'clock', 'config'],
  ),
  room(
    ...['cluster', 'calls/call-changed', 'ringing/wake-progressed', 'event-store', 'devices'],
    ...['operations/log', 'clock', 'config'],
  ),
  room(
    ...['sockets', 'calls', 'concurrency', 'devices', 'cluster', 'event-store/event', 'auth/user-tokens'],
    ...['history/recent-calls', 'privacy/user-erased'],
    ...['ringing/(confirm-reached|wake-progressed|wake-events)', 'operations/(log|origins|client-address)'],
    ...['clock', 'config', 'deadline', 'failure', 'memory-budget', 'quotas', 'rate-limit', 'safe-json'],
  ),
  room('webhooks', 'calls/domain', 'event-store', 'database', 'operations/log', 'clock', 'config'),
  room(
    ...['http', 'calls', 'devices', 'history', 'auth', 'ringing/(confirm-reached|may-ring)', 'sockets/wire'],
    'privacy/erase-user',
    ...['operations/(log|gateway-url)', 'clock', 'config', 'deadline', 'failure', 'memory-budget', 'quotas'],
    ...['rate-limit', 'safe-json'],
  ),
  room(
    ...[
      'operations',
      'auth/speaker',
      'calls/call-changed',
      'ringing/(token-purge-breaker|wake-progressed|job-runner)',
    ],
    ...['sockets/socket-server', 'cluster/bus', 'database/pools', 'deadline'],
  ),
];

/** A workspace beside the gateway: it knows nothing of it, and of src/ only those listed know it, by its public entry. */
const workspace = (name, ...importers) => [
  {
    name: `${name}-knows-itself-alone`,
    comment: 'it is a package of its own, which must work without this repository',
    severity: 'error',
    from: { path: `^${name}/` },
    to: { pathNot: [`^${name}/`, 'node_modules/'], dependencyTypesNot: ['core'] },
  },
  {
    name: `${name}-declares-what-it-uses`,
    comment: 'in its own package.json, not in the one above it',
    severity: 'error',
    from: { path: `^${name}/` },
    to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'npm-dev'] },
  },
  {
    name: `${name}-has-one-entry`,
    severity: 'error',
    from: { path: '^src/' },
    to: { path: `^${name}/`, pathNot: `^${name}/src/index[.]ts$` },
  },
  {
    name: `${name}-is-for-few`,
    comment: `only ${importers.join(', ')} may import this`,
    severity: 'error',
    from: { path: '^src/', pathNot: importers.map((part) => `^src/${part}[.]ts$`) },
    to: { path: `^${name}/` },
  },
];

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'no-circular',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-circular-folders',
      comment: 'types counted',
      scope: 'folder',
      severity: 'error',
      from: { path: '^simulator/src' },
      to: { circular: true },
    },
    {
      name: 'domain-is-pure',
      comment: 'no Nest, no Node, no npm package, no other room',
      severity: 'error',
      from: { path: '^src/calls/domain/' },
      to: { pathNot: '^src/calls/domain/' },
    },

    // The ground: one file each, no room, known to whoever needs it.
    {
      name: 'ground-knows-nothing',
      severity: 'error',
      from: { path: '^src/(clock|memory-budget|rate-limit|safe-json|settings)[.]ts$' },
      to: { path: '^src/' },
    },
    {
      name: 'config-alone-reads-the-environment',
      severity: 'error',
      from: { path: '^src/(config|push-settings)[.]ts$' },
      to: { path: '^src/', pathNot: '^src/(push-settings|settings)[.]ts$' },
    },
    {
      name: 'failure-knows-only',
      comment: 'it turns every refusal into an answer, so it knows who refuses, and nobody else',
      severity: 'error',
      from: { path: '^src/failure[.]ts$' },
      to: { path: '^src/', pathNot: '^src/(calls/domain/refusal|event-store/event|database/outage)[.]ts$' },
    },
    {
      name: 'quotas-know-only',
      comment: 'what one user and one address may ask of a node, whichever way they ask',
      severity: 'error',
      from: { path: '^src/quotas[.]ts$' },
      to: { path: '^src/', pathNot: '^src/(config|failure|memory-budget|rate-limit)[.]ts$' },
    },
    {
      name: 'deadline-knows-only',
      comment: 'what is told to whoever has waited long enough',
      severity: 'error',
      from: { path: '^src/deadline[.]ts$' },
      to: { path: '^src/', pathNot: '^src/failure[.]ts$' },
    },

    ...rooms,
    {
      name: 'every-room-has-its-line',
      comment: 'a new room is listed above, with what it may know',
      severity: 'error',
      from: { path: '^src/[^/]+/', pathNot: rooms.map(({ from }) => from.path) },
      to: { path: '^src/' },
    },

    // Who may be asked at all.
    only(['gateway', 'app.module', 'main'], 'the-top', '(http/|gateway[.]ts|app[.]module[.]ts|main[.]ts)'),
    only(['main'], 'the-demo', 'demo[.]ts'),
    only(['app.module', 'gateway', 'operations/health'], 'health', 'operations/(metrics|readiness|health)'),
    only(['config', 'push-settings'], 'the-environment', '(settings|push-settings)[.]ts'),
    only(['main', 'gateway'], 'starting-a-database', 'database/(migrat|data-source)'),
    {
      name: 'the-bottom-of-operations',
      comment: 'what every room may use of operations uses no room: so no circle goes through it',
      severity: 'error',
      from: { path: '^src/operations/(log|gateway-url|origins|client-address)[.]ts$' },
      to: { path: '^src/' },
    },
    {
      name: 'no-framework-at-the-bottom',
      comment: 'push and the event store are libraries of our own: Nest only hands them out',
      severity: 'error',
      from: { path: '^src/(push|event-store)/' },
      to: { path: 'node_modules/(@nestjs|socket[.]io|express|typeorm)/' },
    },
    ...workspace('simulator', 'main', 'demo'),
    ...workspace('embedded-postgres', 'main'),
    {
      name: 'nothing-that-is-not-installed',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'no-tools-at-run-time',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    // Types count: a room that needs another one's type knows it.
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'types'] },
  },
};

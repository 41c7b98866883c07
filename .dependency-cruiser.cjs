// The rooms of src/ and what each may know, types counted. Commands flow inward, events flow outward; what is not named is
// forbidden. docs/architecture.md says what each room is.

/** A room may import itself and, below src/, what is listed: rooms, or one file of a room. */
const room = (name, known) => ({
  name: `${name}-knows-only`,
  comment: `${name} may know: ${known || 'nothing'}`,
  severity: 'error',
  from: { path: `^src/${name}/` },
  to: {
    path: '^src/',
    pathNot: [
      `^src/${name}/`,
      ...known
        .split(' ')
        .filter(Boolean)
        .map((part) => `^src/${part}[/.]`),
    ],
  },
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
  // The ground: it knows no room above it.
  room('errors', ''),
  room('log', ''),
  room('net', ''),
  room('config', ''),
  room('concurrency', ''),
  room('time', 'errors'),
  room('limits', 'config/config errors'),

  room('database', 'time'),
  room('event-store', 'concurrency database'),
  room('calls', 'concurrency config/config errors event-store limits time'),
  room('protocol', 'calls/domain database/transient-error errors event-store/event'),
  room('auth', 'config/config errors protocol time'),
  room('push', 'time'),
  room('devices', 'database errors event-store limits time'),
  room('presence', 'concurrency database event-store log'),
  room(
    'ringing',
    'auth/action-tokens calls concurrency config/config database devices event-store log net/public-url push time',
  ),
  room(
    'history',
    'calls/call-state.sql calls/domain concurrency database errors event-store log presence time',
  ),
  room('explain', 'calls/domain config/config devices history/timeline ringing/domain'),
  room('cluster', 'calls config/config event-store log presence ringing/wake-progressed time'),
  room('privacy', 'calls cluster config/config database devices event-store history/recent-calls log time'),
  room('webhooks', 'calls/domain config/config database event-store log time'),
  room(
    'sockets',
    'auth/user-tokens calls cluster concurrency config/config devices errors event-store/event history/recent-calls ' +
      'limits log net presence privacy/user-erased protocol ringing/(confirm-reached|wake-progressed|domain) time',
  ),
  room(
    'http',
    'auth calls config/config devices errors explain history limits log net privacy/erase-user protocol ' +
      'ringing/(confirm-reached|may-ring) time',
  ),
  room(
    'health',
    'auth/principal calls/call-changed cluster/redis-bus database/pools ' +
      'ringing/(job-runner|ringing.module|token-purge-breaker|wake-progressed) ' +
      'sockets/(server/socket-server|sockets.module) time',
  ),
  room('schema', 'database/pools devices/device.entity event-store/append-events'),
  room('start', '[a-z-]+'),
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
      from: { path: '^(src|simulator/src)' },
      to: { circular: true },
    },
    {
      name: 'domain-of-calls-is-pure',
      comment: 'no Nest, no Node, no npm package, no other room',
      severity: 'error',
      from: { path: '^src/calls/domain/' },
      to: { pathNot: '^src/calls/domain/' },
    },
    {
      name: 'domain-of-ringing-is-pure',
      comment: 'no Nest, no Node, no npm package; of other rooms what they are about',
      severity: 'error',
      from: { path: '^src/ringing/domain/' },
      to: {
        pathNot: [
          '^src/(calls|ringing)/domain/',
          '^src/devices/reach[.]ts$',
          '^src/event-store/event[.]ts$',
          '^src/push/push-result[.]ts$',
        ],
      },
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
    only(['start', 'main'], 'start', 'start/'),
    only(['config'], 'the-environment', 'config/(env-reader|push-config)[.]ts'),
    only(['start', 'main', 'schema'], 'the-schema', 'schema/'),
    {
      name: 'no-framework-at-the-bottom',
      comment: 'push and the event store are libraries of our own: Nest only hands them out',
      severity: 'error',
      from: { path: '^src/(push|event-store)/' },
      to: { path: 'node_modules/(@nestjs|socket[.]io|express|typeorm)/' },
    },
    ...workspace('simulator', 'main', 'start/demo'),
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

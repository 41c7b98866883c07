import { installedPostgres } from './test/support/distribution-postgres.mjs';

// Three sizes of test: unit (pure, seconds), int (a real PostgreSQL), e2e (the whole gateway).
const project = (displayName, suffix, extra = {}) => ({
  displayName,
  testMatch: [`<rootDir>/{test,client/test,simulator/test,embedded-postgres/test}/**/*.${suffix}.ts`],
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  // The sources say './calls.js', as Node wants it; jest finds './calls.ts'.
  moduleNameMapper: {
    '^(\\.{1,2}/.*)\\.js$': '$1',
    // The workspaces as they are, not as they were built.
    '^ringway-(simulator|embedded-postgres)$': '<rootDir>/$1/src/index.ts',
  },
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2023',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
        },
        module: { type: 'es6' },
        sourceMaps: 'inline',
      },
    ],
  },
  ...extra,
});

const database = {
  globalSetup: '<rootDir>/test/support/global-setup.mjs',
  globalTeardown: '<rootDir>/test/support/global-teardown.mjs',
};

/**
 * The store's and the races' tests once more, on a PostgreSQL as distributions ship it (JIT, its own defaults): there a
 * conflict once cost 200 times as much as on the embedded one. Left out where none is installed.
 */
const distribution = {
  globalSetup: '<rootDir>/test/support/distribution-setup.mjs',
  globalTeardown: '<rootDir>/test/support/distribution-teardown.mjs',
  setupFiles: ['<rootDir>/test/support/distribution-database.mjs'],
};
const onDistribution = (displayName, suffix, files) =>
  project(displayName, suffix, {
    ...distribution,
    testMatch: files.map((file) => `<rootDir>/test/${file}.${suffix}.ts`),
  });
const installed = installedPostgres();
if (!installed)
  console.warn('No PostgreSQL of a distribution under /usr/lib/postgresql: its tests are left out.');

export default {
  maxWorkers: 2,
  // Tests wait for the thing; a machine that has other work takes longer to bring it.
  testTimeout: 20_000,
  projects: [
    project('unit', 'spec'),
    project('int', 'int', database),
    project('e2e', 'e2e', database),
    ...(installed
      ? [
          onDistribution('int-distribution', 'int', [
            'event-store/*',
            'calls/*',
            'history/*',
            'ringing/jobs',
            'devices/*',
          ]),
          onDistribution('e2e-distribution', 'e2e', [
            'e2e/{races,many-devices,redial,glare,idempotence,commands}',
          ]),
        ]
      : []),
  ],
};

// Three sizes of test: unit (pure, seconds), int (a real PostgreSQL), e2e (the whole gateway).
const project = (displayName, suffix, extra = {}) => ({
  displayName,
  testMatch: [`<rootDir>/{test,client/test}/**/*.${suffix}.ts`],
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  // The sources say './calls.js', as Node wants it; jest finds './calls.ts'.
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
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

export default {
  maxWorkers: 2,
  // Tests wait for the thing; a machine that has other work takes longer to bring it.
  testTimeout: 20_000,
  projects: [project('unit', 'spec'), project('int', 'int', database), project('e2e', 'e2e', database)],
};

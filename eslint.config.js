import tseslint from 'typescript-eslint';

export default tseslint.config(
  {
    ignores: [
      '**/dist/**',
      '**/node_modules/**',
      'coverage/**',
      '.ringway/**',
      '*.cjs',
      '**/*.js',
      '**/*.mjs',
    ],
  },
  ...tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/no-explicit-any': 'error',
      // Callbacks in options and promises are declared as methods for brevity; none of them uses this.
      '@typescript-eslint/unbound-method': 'off',
      // One dialect: constants that are numbers, text or flags are UPPER_CASE, private members are TypeScript's.
      '@typescript-eslint/naming-convention': [
        'error',
        { selector: 'typeLike', format: ['PascalCase'] },
        { selector: 'function', format: ['camelCase', 'PascalCase'] },
        {
          selector: 'variable',
          modifiers: ['const', 'global'],
          types: ['boolean', 'number', 'string'],
          format: ['UPPER_CASE'],
          filter: { regex: '^__', match: false },
        },
        { selector: 'parameter', format: ['camelCase', 'PascalCase'], leadingUnderscore: 'allow' },
        { selector: 'classMethod', format: ['camelCase'], leadingUnderscore: 'allow' },
        // Columns of a row, for example.
        { selector: 'parameter', modifiers: ['destructured'], format: null },
        { selector: 'classProperty', format: ['camelCase', 'UPPER_CASE'] },
      ],
      'no-restricted-syntax': [
        'error',
        {
          selector: 'ObjectExpression > SpreadElement > ObjectExpression',
          message:
            'An object literal spread into one switches the check for excess properties off: write it plainly.',
        },
        {
          selector: 'ArrayExpression > SpreadElement > ArrayExpression',
          message: 'Write the elements of the array plainly.',
        },
        { selector: 'PropertyDefinition > PrivateIdentifier', message: 'Write private, as everywhere.' },
        { selector: 'MethodDefinition > PrivateIdentifier', message: 'Write private, as everywhere.' },
      ],
      'max-lines': ['error', { max: 260, skipBlankLines: true, skipComments: true }],
      eqeqeq: 'error',
      'no-console': 'error',
    },
  },
  {
    files: ['**/test/**', 'bench/**', 'scripts/**'],
    rules: {
      'no-console': 'off',
      'max-lines': ['error', { max: 350, skipBlankLines: true, skipComments: true }],
      // The constants of a test are its examples.
      '@typescript-eslint/naming-convention': 'off',
      '@typescript-eslint/require-await': 'off',
      // What comes over the wire is JSON: a test reads the fields it expects, and fails where they are missing.
      '@typescript-eslint/no-explicit-any': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
    },
  },
);

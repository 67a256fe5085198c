/**
 * What the linter looks for: typescript-eslint's type-aware recommendations, and the few rules of this house that a type cannot
 * express. Layout is Prettier's business; the import direction, and what `src/` and `machines/` may touch, are tested in test/house.
 */
import { defineConfig } from 'eslint/config'
import tseslint from 'typescript-eslint'

// What would make a pure floor depend on where and when it runs. Randomness, time and platform crypto are handed in.
const ambient = [
  'Buffer',
  'process',
  'crypto',
  'performance',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'queueMicrotask',
  'fetch',
  'console',
  'window',
  'self',
  'globalThis',
  'Date',
  'require',
  '__dirname',
]

export default defineConfig(
  { ignores: ['dist', 'out', 'docs', 'coverage', 'node_modules', 'test/importability'] },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrorsIgnorePattern: '^_' }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      // A function may be `async` because its interface is.
      '@typescript-eslint/require-await': 'off',
      eqeqeq: ['error', 'always'],
      'no-console': 'error',
      'no-eval': 'error',
      'no-debugger': 'error',
      'no-self-compare': 'error',
      'no-unreachable-loop': 'error',
      'no-constant-condition': ['error', { checkLoops: false }],
      'no-sparse-arrays': 'error',
      'no-duplicate-case': 'error',
    },
  },
  {
    files: ['src/**/*.ts', 'machines/**/*.ts'],
    rules: {
      'no-restricted-globals': ['error', ...ambient],
      'no-restricted-properties': ['error', { object: 'Math', property: 'random', message: 'Randomness is handed in.' }],
      'no-restricted-imports': ['error', { patterns: [{ group: ['node:*'], message: 'The pure floors run anywhere.' }] }],
    },
  },
  {
    // The command talks to a person; nothing else prints.
    files: ['tools/cli/**/*.ts', 'tools/bench/**/*.ts', 'vectors/**/*.ts', 'test/**/*.ts'],
    rules: { 'no-console': 'off' },
  },
  {
    // Tests feed code with what its types forbid.
    files: ['test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/no-explicit-any': 'off',
      '@typescript-eslint/no-empty-function': 'off',
      '@typescript-eslint/only-throw-error': 'off',
      // A property is awaited whether its run is synchronous or not; an assertion names a method it does not call.
      '@typescript-eslint/await-thenable': 'off',
      '@typescript-eslint/unbound-method': 'off',
      '@typescript-eslint/prefer-promise-reject-errors': 'off',
    },
  },
)

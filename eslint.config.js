import js from '@eslint/js';
import tseslint from 'typescript-eslint';

const native = {
  regex: '(^|/)native/|\\.node$|^bindings$',
  message: 'The addon is entered through src/kernel only.',
};
const single = (name, room) => ({ name, message: `Only ${room} imports ${name}.` });

export default tseslint.config(
  {
    ignores: [
      'dist/',
      'build/',
      '.tap/',
      '.cache/',
      'coverage/',
      '**/*.gen.ts',
      '**/*.gen.js',
      '**/*.gen.d.ts',
      'native/index.d.ts',
    ],
  },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      'max-lines': ['error', 250],
      'max-lines-per-function': ['error', 50],
      'no-console': 'error',
      'no-restricted-imports': [
        'error',
        {
          patterns: [native],
          paths: [single('pino', 'src/telemetry/log.ts'), single('zod', 'src/config')],
        },
      ],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      // Numbers and 64-bit ids in messages are what messages are for.
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
    },
  },
  {
    files: ['src/kernel/**/*.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        { paths: [single('pino', 'src/telemetry/log.ts'), single('zod', 'src/config')] },
      ],
    },
  },
  {
    files: ['src/config/**/*.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        { patterns: [native], paths: [single('pino', 'src/telemetry/log.ts')] },
      ],
    },
  },
  {
    files: ['src/telemetry/log.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        { patterns: [native], paths: [single('zod', 'src/config')] },
      ],
    },
  },
  { files: ['src/cli/**/*.ts'], rules: { 'no-console': 'off' } },
  {
    // A test reads as one story, builds odd values on purpose and leaves its promises to tap.
    files: ['test/**/*.ts', 'bench/**/*.ts'],
    rules: {
      'max-lines': 'off',
      'max-lines-per-function': 'off',
      'no-console': 'off',
      'no-restricted-imports': 'off',
      '@typescript-eslint/no-floating-promises': 'off',
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
  {
    files: ['**/*.{js,mjs,cjs}'],
    languageOptions: {
      globals: { process: 'readonly', console: 'readonly', Buffer: 'readonly', URL: 'readonly' },
    },
  },
);

// SPDX-License-Identifier: Apache-2.0
import nx from '@nx/eslint-plugin';
import comments from '@eslint-community/eslint-plugin-eslint-comments';
import jsdoc from 'eslint-plugin-jsdoc';
import tseslint from 'typescript-eslint';

/** Which tags a project with a given tag may import. There is no wildcard: what is not named here is an error. */
const boundaries = [
  { sourceTag: 'side:shared', onlyDependOnLibsWithTags: ['side:shared'] },
  { sourceTag: 'side:guest', onlyDependOnLibsWithTags: ['side:guest', 'side:shared'] },
  { sourceTag: 'side:host', onlyDependOnLibsWithTags: ['side:host', 'side:shared', 'offers:vsock'] },
  { sourceTag: 'side:build', onlyDependOnLibsWithTags: ['side:build'] },
  {
    sourceTag: 'side:tool',
    onlyDependOnLibsWithTags: ['side:tool', 'side:build', 'side:shared', 'side:host', 'side:guest'],
  },
  { sourceTag: 'layer:leaf', onlyDependOnLibsWithTags: ['layer:leaf'] },
  { sourceTag: 'layer:core', onlyDependOnLibsWithTags: ['layer:leaf', 'layer:core'] },
  { sourceTag: 'layer:app', onlyDependOnLibsWithTags: ['layer:leaf', 'layer:core', 'layer:app'] },
];

const vagueFileNames = {
  meta: {
    type: 'problem',
    schema: [],
    messages: { vague: 'a file is named for its one concept, not "{{name}}"' },
  },
  create: (context) => ({
    Program(node) {
      const name =
        context.filename
          .split('/')
          .at(-1)
          ?.replace(/\.(test\.)?m?[jt]s$/, '') ?? '';
      if (/^(utils?|helpers?|common|misc|shared|lib)$/.test(name)) {
        context.report({ node, messageId: 'vague', data: { name } });
      }
    },
  }),
};

export default tseslint.config(
  {
    ignores: [
      '**/dist/**',
      '**/node_modules/**',
      '**/generated/**',
      '**/.cache/**',
      '.nx/**',
      'test-results/**',
    ],
  },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    plugins: { '@nx': nx, jsdoc, comments, house: { rules: { 'vague-file-names': vagueFileNames } } },
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      '@nx/enforce-module-boundaries': [
        'error',
        { enforceBuildableLibDependency: false, allow: [], depConstraints: boundaries },
      ],
      'house/vague-file-names': 'error',
      'comments/require-description': ['error', { ignore: [] }],
      'max-lines': ['error', { max: 400 }],
      'no-empty': ['error', { allowEmptyCatch: false }],
      'no-warning-comments': ['error', { terms: ['todo', 'fixme', 'xxx', 'hack'] }],
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportDefaultDeclaration', message: 'exports are named' },
        { selector: 'ExportAllDeclaration[exported=null]', message: 'list the exports by name' },
      ],
      eqeqeq: 'error',
      // `using hold = reaper.hold()` is used by being disposed.
      '@typescript-eslint/no-unused-vars': ['error', { ignoreUsingDeclarations: true }],
      '@typescript-eslint/consistent-type-assertions': ['error', { assertionStyle: 'never' }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
    },
  },
  {
    files: ['packages/*/src/**/*.ts'],
    ignores: ['**/*.test.ts'],
    rules: {
      'jsdoc/require-jsdoc': [
        'error',
        {
          publicOnly: { ancestorsOnly: true },
          require: { ClassDeclaration: true, FunctionDeclaration: true, MethodDefinition: false },
          contexts: [
            'TSInterfaceDeclaration',
            'TSTypeAliasDeclaration',
            'ExportNamedDeclaration > VariableDeclaration',
          ],
        },
      ],
    },
  },
  {
    files: ['**/*.test.ts'],
    rules: {
      'max-lines': ['error', { max: 600 }],
      '@typescript-eslint/consistent-type-assertions': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/require-await': 'off',
    },
  },
);

// SPDX-License-Identifier: Apache-2.0
import { defineConfig } from 'vitest/config';

const conditions = ['@hako/source'];
const resolve = { conditions: [...conditions, 'node', 'import', 'module', 'default'] };

// Vitest reads its configuration from a default export.
// eslint-disable-next-line no-restricted-syntax -- required by Vitest
export default defineConfig({
  test: {
    projects: [
      {
        resolve,
        ssr: { resolve: { conditions, externalConditions: conditions } },
        test: {
          name: 'unit',
          include: ['{packages,tools}/*/src/**/*.test.ts'],
          exclude: ['**/*.vm.test.ts', '**/dist/**', '**/node_modules/**'],
          testTimeout: 20_000,
        },
      },
      {
        resolve,
        ssr: { resolve: { conditions, externalConditions: conditions } },
        test: {
          name: 'vm',
          include: ['packages/*/src/**/*.vm.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
    ],
  },
});

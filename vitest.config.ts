// SPDX-License-Identifier: Apache-2.0
import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { EnduranceFirst } from './tools/agent-grid/src/vitest/endurance-first.ts';

const conditions = ['@hako/source'];
const resolve = { conditions: [...conditions, 'node', 'import', 'module', 'default'] };

/**
 * Attempts after the first. Thousands of tests beside emulated machines on two cores: what fails in CI is tried once more,
 * and `npm test` names it with what it said. At a desk it fails at once.
 */
const retry = process.env['CI'] === undefined ? 0 : 1;

/** How long `expect.poll` waits where a test does not say: a bound, of a machine that is busy with others. */
const polling = { poll: { timeout: 15_000 } };

/** Notes what agents answer in tests, for the grid of their API. */
const answersSetup = 'tools/agent-grid/src/vitest/answers-setup.ts';

// Vitest reads its configuration from a default export.
// eslint-disable-next-line no-restricted-syntax -- required by Vitest
export default defineConfig({
  test: {
    sequence: { sequencer: EnduranceFirst },
    projects: [
      {
        resolve,
        ssr: { resolve: { conditions, externalConditions: conditions } },
        test: {
          name: 'unit',
          retry,
          expect: polling,
          include: ['{packages,tools}/*/src/**/*.test.ts'],
          exclude: [
            '**/*.vm.test.ts',
            '**/*.guest.test.ts',
            '**/*.nested.test.ts',
            '**/dist/**',
            '**/node_modules/**',
          ],
          setupFiles: [answersSetup],
          // A bound: some start dozens of programs, and the machine may be busy with others.
          testTimeout: 60_000,
          hookTimeout: 60_000,
          // Half of the time they wait, also on machines with two cores.
          maxWorkers: Math.max(2, availableParallelism() - 1),
        },
      },
      {
        resolve,
        ssr: { resolve: { conditions, externalConditions: conditions } },
        test: {
          name: 'vm',
          retry,
          expect: polling,
          include: ['packages/*/src/**/*.vm.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
      {
        resolve,
        ssr: { resolve: { conditions, externalConditions: conditions } },
        test: {
          // Machines in machines, minutes each: `npm run test:nested`, no part of `npm test`.
          name: 'nested',
          include: ['tools/*/src/**/*.nested.test.ts'],
          testTimeout: 1_800_000,
        },
      },
      {
        resolve,
        ssr: { resolve: { conditions, externalConditions: conditions } },
        // Where Vitest runs the global set-up.
        environments: { __vitest__: { resolve: { conditions, externalConditions: conditions } } },
        test: {
          // The agent's tests once more, against the agent of a real guest.
          name: 'guest',
          retry,
          expect: polling,
          include: ['packages/agent-server/src/rpc/**/*.test.ts', 'tools/*/src/**/*.guest.test.ts'],
          exclude: ['**/*.fake.test.ts', '**/agent-service.test.ts'],
          globalSetup: ['tools/agent-grid/src/vitest/guest-global-setup.ts'],
          setupFiles: [answersSetup, 'tools/agent-grid/src/vitest/guest-setup.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          // An emulated guest keeps one core busy.
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});

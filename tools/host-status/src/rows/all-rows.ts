// SPDX-License-Identifier: Apache-2.0
import { kataAgentMethods } from '@hako/agent-client';
import { Configuration } from '@hako/configuration';
import { deviceRows } from './device-rows.ts';
import { hypervisorRows } from './hypervisor-rows.ts';
import { sandboxRows } from './sandbox-rows.ts';
import { rowsOf, type StatusRow } from './status-row.ts';

const sections = new Set(Configuration.defaults().settings.map(({ section }) => section));

/** Everything that the page is about, in its order. */
export const allRows: readonly StatusRow[] = [
  ...rowsOf(
    'Agent interface',
    kataAgentMethods.map((method) => `KataAgent.${method}`),
  ),
  ...hypervisorRows,
  ...deviceRows,
  ...sandboxRows,
  ...rowsOf('Configuration', [
    ...[...sections].map((section) => `keys of ${section}`),
    'annotations',
    'origin of values',
    'schema',
  ]).map((row) => ({ ...row, isHostOnly: true as const })),
];

// SPDX-License-Identifier: Apache-2.0
import type { CliComponents } from '../cli-components.ts';
import type { Check, CheckResult, CheckStatus } from '../doctor/check.ts';
import { machineChecks } from '../doctor/machine-checks.ts';
import { escapeText } from '../escape-text.ts';
import { exitCodes } from '../exit-codes.ts';

const labels: Readonly<Record<CheckStatus, string>> = { ok: 'ok', limited: 'limited', missing: 'MISSING' };

/**
 * `hako doctor`: looks whether this machine can run sandboxes, and says what to do where it cannot.
 * @param json print the results for programs
 * @param components the program's world
 * @param checks what to look at
 */
export async function doctor(
  json: boolean,
  components: CliComponents,
  checks: readonly Check[] = machineChecks,
): Promise<number> {
  const results: CheckResult[] = [];
  for (const check of checks) results.push(await check());
  components.stdout.write(json ? `${JSON.stringify(results, null, 2)}\n` : `${await asTable(results)}\n`);
  return results.some(({ status }) => status === 'missing') ? exitCodes.failure : 0;
}

async function asTable(results: readonly CheckResult[]): Promise<string> {
  const { default: Table } = await import('cli-table3');
  const table = new Table({ head: ['check', 'state', 'found', 'remedy'], style: { head: [], border: [] } });
  for (const { name, status, finding, remedy = '' } of results) {
    table.push([name, labels[status], escapeText(finding), escapeText(remedy)]);
  }
  return table.toString();
}

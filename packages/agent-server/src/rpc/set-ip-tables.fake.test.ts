// SPDX-License-Identifier: Apache-2.0
import { Status } from 'nice-grpc-common';
import { describe, expect, test } from 'vitest';
import type { ProgramRequest, ProgramResult } from '../system/program-runner.ts';
import { startFakeAgent } from '../testing/agent-harness.ts';
import { refusal } from '../testing/refusal.ts';

const done: ProgramResult = { exitCode: 0, signal: null, stdout: '', stderr: '', timedOut: false };
const locked: ProgramResult = {
  ...done,
  exitCode: 4,
  stderr: 'Another app is currently holding the xtables lock.',
};

/** An agent whose programs end as told, one after another. */
async function start(...results: readonly ProgramResult[]) {
  const runs: ProgramRequest[] = [];
  const left = [...results];
  const harness = await startFakeAgent({
    components: {
      runProgram: (request) => {
        runs.push(request);
        return Promise.resolve(left.shift() ?? done);
      },
    },
  });
  return { harness, runs };
}

const rules = Buffer.from('*filter\nCOMMIT\n');

describe('SetIPTables with fake programs', () => {
  test.each([
    { isIpv6: false, name: 'iptables-restore' },
    { isIpv6: true, name: 'ip6tables-restore' },
  ])('runs $name and answers with what it wrote, byte by byte', async ({ isIpv6, name }) => {
    const { harness, runs } = await start({ ...done, stdout: 'warn \xff' });
    await using _harness = harness;
    const { data } = await harness.client.setIPTables({ isIpv6, data: rules });
    expect(Buffer.from(data).toString('latin1')).toBe('warn \xff');
    expect(runs).toMatchObject([
      { args: ['--wait', '5'], input: Uint8Array.from(rules), inputTimeoutMs: 5000 },
    ]);
    expect(runs[0]?.file.split('/').at(-1)).toBe(name);
  });

  test('tries again while others change the tables', async () => {
    const { harness, runs } = await start(locked, locked, done);
    await using _harness = harness;
    await harness.client.setIPTables({ isIpv6: false, data: rules });
    expect(runs).toHaveLength(3);
  });

  test.each([
    {
      title: 'tables that stay locked [INTERNAL]',
      results: [locked, locked, locked],
      text: 'helper_failed: iptables-restore ended with 4: Another app',
    },
    {
      title: 'a program that is killed [INTERNAL]',
      results: [{ ...done, exitCode: null, signal: 'SIGSEGV' }],
      text: 'helper_failed: iptables-restore ended with SIGSEGV',
    },
    {
      title: 'a program that does not take its input [INTERNAL]',
      results: [{ ...done, exitCode: null, signal: 'SIGKILL', timedOut: true, stderr: 'half' }],
      text: 'timed_out: iptables-restore took too long: half',
    },
  ])('reports $title', async ({ results, text }) => {
    const { harness, runs } = await start(...results);
    await using _harness = harness;
    await expect(harness.client.setIPTables({ isIpv6: false, data: rules })).rejects.toMatchObject(
      refusal(Status.INTERNAL, text),
    );
    expect(runs).toHaveLength(results.length);
  });
});

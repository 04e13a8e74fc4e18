// SPDX-License-Identifier: Apache-2.0
import { Status } from 'nice-grpc-common';
import { describe, expect, test } from 'vitest';
import { AgentError } from '../errors/agent-error.ts';
import type { ProgramResult } from '../system/program-runner.ts';
import { startFakeAgent } from '../testing/agent-harness.ts';
import { refusal } from '../testing/refusal.ts';

const done: ProgramResult = { exitCode: 0, signal: null, stdout: '', stderr: '', timedOut: false };
const maxBytes = 4 * 1024 * 1024 - 1024;

describe('GetIPTables with fake programs', () => {
  test.each([
    { title: 'whatever its exit code', result: { ...done, exitCode: 1, stdout: 'half' }, text: 'half' },
    { title: 'also bytes that are no text', result: { ...done, stdout: '\xff\0' }, text: '\xff\0' },
  ])('answers with what the program wrote, $title', async ({ result, text }) => {
    await using harness = await startFakeAgent({ components: { runProgram: () => Promise.resolve(result) } });
    const { data } = await harness.client.getIPTables({ isIpv6: false });
    expect(Buffer.from(data).toString('latin1')).toBe(text);
  });

  test.each([
    {
      title: 'a program that cannot be run [INTERNAL]',
      runProgram: () =>
        Promise.reject(new AgentError('helper_failed', 'program iptables-save cannot be run')),
      text: 'helper_failed: program iptables-save cannot be run',
    },
    {
      title: 'a program that takes too long [INTERNAL]',
      runProgram: () => Promise.resolve({ ...done, exitCode: null, signal: 'SIGKILL', timedOut: true }),
      text: 'timed_out: ip6tables-save took too long',
    },
    {
      title: 'more rules than fit into an answer [INTERNAL]',
      runProgram: () => Promise.resolve({ ...done, stdout: 'x'.repeat(maxBytes + 1) }),
      text: `helper_failed: ip6tables-save wrote more than ${maxBytes} bytes`,
    },
  ])('reports $title', async ({ runProgram, text }) => {
    await using harness = await startFakeAgent({ components: { runProgram } });
    await expect(harness.client.getIPTables({ isIpv6: true })).rejects.toMatchObject(
      refusal(Status.INTERNAL, text),
    );
  });
});

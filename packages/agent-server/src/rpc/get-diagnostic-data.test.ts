// SPDX-License-Identifier: Apache-2.0
import type { OciSpec } from '@hako/protocols';
import { Status } from 'nice-grpc-common';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { shellOutput } from '../testing/agent-files.ts';
import { testedAgents } from '../testing/agent-harness.ts';
import { sleeper } from '../testing/ready-sandbox.ts';
import { createRequest, testSpec } from '../testing/test-spec.ts';
import type { TestedAgentHarness } from '../testing/tested-agent.ts';

const inContainer = '/dev/termination-log';
const annotations = { 'io.kubernetes.container.terminationMessagePath': inContainer };
const logType = 'termination_log';
let containers = 0;

interface Setup {
  /** Makes the file `$log`. */
  readonly script: string;
  /** What is changed after the container was made. */
  readonly laterScript?: string;
  readonly annotations?: OciSpec['annotations'];
  readonly destination?: string;
}

/** Makes a container; answers with its id. */
async function setUp(harness: TestedAgentHarness, setup: Setup): Promise<string> {
  const { paths, rootfs, client } = harness;
  containers += 1;
  const containerId = `c${containers}`;
  const log = `${paths.sharedDir}/${containerId}-termination-log`;
  const words = `mkdir -p '${paths.sharedDir}' && log='${log}' && `;
  await shellOutput(harness, words + setup.script);
  const base = testSpec(rootfs, sleeper);
  const mount = {
    destination: setup.destination ?? inContainer,
    type: 'bind',
    source: log,
    options: ['bind'],
  };
  const changes = { annotations: setup.annotations ?? annotations, mounts: [...(base.mounts ?? []), mount] };
  await client.createContainer(createRequest(containerId, rootfs, sleeper, changes));
  if (setup.laterScript !== undefined) await shellOutput(harness, words + setup.laterScript);
  return containerId;
}

describe.each(testedAgents)('GetDiagnosticData $title', ({ skip, start }) => {
  // Each test has a container of its own, so they can share an agent.
  let harness: TestedAgentHarness;

  beforeAll(async () => {
    if (!skip) harness = await start();
  });

  afterAll(async () => {
    if (!skip) await harness[Symbol.asyncDispose]();
  });

  test.skipIf(skip).each([
    {
      title: 'what is in the termination log',
      script: 'printf "out of cheese" > "$log"',
      data: 'out of cheese',
    },
    { title: 'nothing of an empty log', script: ': > "$log"', data: '' },
    {
      title: 'the first 4,096 bytes of a long log',
      script: 'yes abcdefg | head -c 9000 > "$log"',
      data: 'abcdefg\n'.repeat(512),
    },
    { title: 'a sign for what is no text', script: String.raw`printf 'a\377b' > "$log"`, data: 'a�b' },
    {
      title: 'nothing when the log is gone',
      script: ': > "$log"',
      laterScript: 'mv "$log" "$log.away"',
      data: '',
    },
  ])('gives $title', async ({ data, ...setup }) => {
    const containerId = await setUp(harness, setup);
    expect(await harness.client.getDiagnosticData({ logType, containerId })).toEqual({ data });
  });

  test.skipIf(skip).each(['', 'termination-log', 'core_dump'])(
    'refuses the kind %j [INVALID_ARGUMENT]',
    async (logType) => {
      await expect(harness.client.getDiagnosticData({ logType, containerId: 'c1' })).rejects.toMatchObject({
        code: Status.INVALID_ARGUMENT,
      });
    },
  );

  test.skipIf(skip)('refuses an unknown container [INTERNAL]', async () => {
    await expect(harness.client.getDiagnosticData({ logType, containerId: 'nope' })).rejects.toMatchObject({
      code: Status.INTERNAL,
    });
  });

  test.skipIf(skip).each([
    { title: 'a container without the annotation', script: ': > "$log"', annotations: {} },
    { title: 'a container without the mount', script: ': > "$log"', destination: '/tmp/elsewhere' },
    {
      title: 'a link in the place of the log',
      script: ': > "$log"',
      laterScript: 'mv "$log" "$log.away"; ln -s /etc/passwd "$log"',
    },
    {
      title: 'a pipe in the place of the log',
      script: ': > "$log"',
      laterScript: 'mv "$log" "$log.away"; mkfifo "$log"',
    },
  ])('refuses $title [INTERNAL]', async (setup) => {
    const containerId = await setUp(harness, setup);
    await expect(harness.client.getDiagnosticData({ logType, containerId })).rejects.toMatchObject({
      code: Status.INTERNAL,
    });
  });
});

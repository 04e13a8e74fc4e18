// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { startFakeAgent } from '../testing/agent-harness.ts';
import { runContainer, sleeper } from '../testing/ready-sandbox.ts';
import { execRequest } from '../testing/test-spec.ts';

test('ExecProcess borrows the capabilities of the container', async () => {
  await using harness = await startFakeAgent();
  const requests: unknown[] = [];
  const exec = harness.runtime.exec.bind(harness.runtime);
  harness.runtime.exec = async (request) => {
    requests.push(request.process.capabilities);
    return await exec(request);
  };
  const changes = {
    process: { args: ['sleep'], cwd: '/', capabilities: { bounding: ['CAP_KILL'], effective: ['CAP_KILL'] } },
  };
  await runContainer(harness, 'c1', sleeper, changes);
  await harness.client.execProcess(execRequest('c1', 'e1', ['true']));
  const own = { Bounding: [], Effective: [], Inheritable: [], Permitted: [], Ambient: [] };
  await harness.client.execProcess(execRequest('c1', 'e2', ['true'], { Capabilities: own }));
  expect(requests[0]).toMatchObject({ bounding: ['CAP_KILL'], effective: ['CAP_KILL'] });
  expect(JSON.stringify(requests[1])).not.toContain('CAP_KILL');
});

// SPDX-License-Identifier: Apache-2.0
import { Status } from 'nice-grpc-common';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { testedAgents } from '../testing/agent-harness.ts';
import { readAll, runContainer } from '../testing/ready-sandbox.ts';
import { refusal } from '../testing/refusal.ts';
import { createRequest } from '../testing/test-spec.ts';
import type { TestedAgentHarness } from '../testing/tested-agent.ts';

/** A policy that allows what is named, and may be replaced. */
function policyOf(rules: string, allowed: readonly string[] = []): string {
  const defaults = ['SetPolicyRequest', ...allowed].map((name) => `default ${name} := true\n`);
  return `package agent_policy\nimport future.keywords.in\n${defaults.join('')}${rules}`;
}

/** Allows what it has no rule for. */
const openPolicy = policyOf('default AllowRequestsFailingPolicy := true');

describe.each(testedAgents)('SetPolicy $title', ({ skip, start }) => {
  // Each test sets a policy of its own, so they can share an agent.
  let harness: TestedAgentHarness;

  beforeAll(async () => {
    if (!skip) harness = await start();
  });

  afterAll(async () => {
    if (!skip) await harness[Symbol.asyncDispose]();
  });

  test.skipIf(skip)('restricts what comes after it, and can be replaced', async () => {
    const { client } = harness;
    expect(await client.setPolicy({ policy: policyOf('default GuestDetailsRequest := false') })).toEqual({});
    await expect(client.getGuestDetails({})).rejects.toMatchObject(
      refusal(Status.PERMISSION_DENIED, 'GuestDetailsRequest is blocked by policy: '),
    );
    await client.setPolicy({ policy: policyOf('', ['GuestDetailsRequest']) });
    expect((await client.getGuestDetails({})).agentDetails?.version).toContain('hako');
  });

  test.skipIf(skip)('leaves Health out of it', async () => {
    await harness.client.setPolicy({ policy: policyOf('') });
    expect(await harness.health.check({})).toEqual({ status: 1 });
  });

  test.skipIf(skip).each([
    { title: 'no Rego', policy: 'allow everything please' },
    { title: 'nothing', policy: '' },
    { title: 'a rule with an unknown function', policy: policyOf('A { http.send({}) }') },
    { title: 'a variable that never gets a value', policy: policyOf('A { x > 1 }') },
    { title: 'a line beyond the limit', policy: policyOf(`# ${'x'.repeat(65 * 1024)}`) },
  ])('refuses $title, and keeps the policy it had [INVALID_ARGUMENT]', async ({ policy }) => {
    const { client } = harness;
    await client.setPolicy({ policy: policyOf('default GuestDetailsRequest := false') });
    await expect(client.setPolicy({ policy })).rejects.toMatchObject({ code: Status.INVALID_ARGUMENT });
    await expect(client.getGuestDetails({})).rejects.toMatchObject({ code: Status.PERMISSION_DENIED });
  });

  test.skipIf(skip)(
    'cannot be called when the policy in force does not allow it [PERMISSION_DENIED]',
    async () => {
      await using harness = await start();
      const closed = 'package agent_policy\ndefault SetPolicyRequest := false\n';
      await harness.client.setPolicy({ policy: closed });
      await expect(harness.client.setPolicy({ policy: policyOf('') })).rejects.toMatchObject(
        refusal(Status.PERMISSION_DENIED, 'SetPolicyRequest is blocked by policy'),
      );
    },
  );

  test.skipIf(skip).each([
    { title: 'has no rule for', rules: '' },
    { title: 'says a number about', rules: 'GuestDetailsRequest := 1' },
    { title: 'says two things about', rules: 'GuestDetailsRequest := x { some x in [true, false] }' },
    { title: 'compares apples and pears about', rules: 'GuestDetailsRequest { 1 + "a" == 2 }' },
    {
      title: 'wants an impossible change for',
      rules: 'GuestDetailsRequest := {"allowed": true, "ops": [{"op": "remove", "path": "/pstate/nope"}]}',
    },
  ])('makes calls fail that it $title [INTERNAL]', async ({ rules }) => {
    await harness.client.setPolicy({ policy: policyOf(rules) });
    await expect(harness.client.getGuestDetails({})).rejects.toMatchObject(
      refusal(Status.INTERNAL, 'policy cannot decide'),
    );
  });

  test.skipIf(skip)('lets pass what its rules refuse if it says so', async () => {
    const rules = 'default AllowRequestsFailingPolicy := true\ndefault GuestDetailsRequest := false';
    await harness.client.setPolicy({ policy: policyOf(rules) });
    expect((await harness.client.getGuestDetails({})).agentDetails).toBeDefined();
    expect((await harness.client.getMetrics({})).metrics).not.toBe('');
  });

  test.skipIf(skip)('sees requests as upstream names them, and tells why it refuses', async () => {
    const rules = `
      default CreateContainerRequest := false
      CreateContainerRequest {
        print("command is", input.OCI.Process.Args)
        input.OCI.Process.Args[0] == "cat"
        input.OCI.Mounts[0].type_ == "proc"
        input.OCI.Linux.Seccomp == null
        input.container_id == "good"
        print("all is well")
      }`;
    await harness.client.setPolicy({ policy: policyOf(rules, ['RemoveContainerRequest']) });
    await harness.client.createContainer(createRequest('good', harness.rootfs, ['cat']));
    await expect(
      harness.client.createContainer(createRequest('bad', harness.rootfs, ['cat'])),
    ).rejects.toMatchObject(
      refusal(Status.PERMISSION_DENIED, 'CreateContainerRequest is blocked by policy: agent_policy:'),
    );
    await expect(
      harness.client.createContainer(createRequest('good2', harness.rootfs, ['sh', '-c', 'true'])),
    ).rejects.toMatchObject(refusal(Status.PERMISSION_DENIED, 'command is ["sh", "-c", "true"]'));
  });

  test.skipIf(skip)('keeps a state from call to call', async () => {
    const rules = `
      GuestDetailsRequest := {"allowed": true, "ops": [{"op": "add", "path": "/pstate/asked", "value": 1}]} {
        not data.pstate.asked
      }
      GuestDetailsRequest := {"allowed": false} { data.pstate.asked == 1 }`;
    await harness.client.setPolicy({ policy: policyOf(rules) });
    expect((await harness.client.getGuestDetails({})).agentDetails).toBeDefined();
    await expect(harness.client.getGuestDetails({})).rejects.toMatchObject({
      code: Status.PERMISSION_DENIED,
    });
    await harness.client.setPolicy({ policy: policyOf(rules) });
    expect((await harness.client.getGuestDetails({})).agentDetails).toBeDefined();
  });

  test.skipIf(skip)('answers refused reads with nothing, after reading', async () => {
    await harness.client.setPolicy({ policy: openPolicy });
    await runContainer(harness, 'reader', ['sh', '-c', 'echo secret']);
    await harness.client.setPolicy({ policy: policyOf('default ReadStreamRequest := false') });
    expect(await readAll(harness, { containerId: 'reader' })).toBe('');
    await harness.client.setPolicy({ policy: policyOf('', ['ReadStreamRequest']) });
    expect(await readAll(harness, { containerId: 'reader' })).toBe('');
  });

  test.skipIf(skip)('sees of CopyFile where it goes and leads, never the data', async () => {
    const rules = `
      default CopyFileRequest := false
      CopyFileRequest {
        input.file_type == "Symlink"
        input.symlink_target == "../data"
        not input.data
        endswith(input.path, "/link")
      }`;
    await harness.client.setPolicy({ policy: policyOf(rules) });
    const link = {
      path: `${harness.paths.sharedDir}/link`,
      fileMode: 0o120777,
      uid: 0,
      gid: 0,
      dirMode: 0o755,
    };
    expect(await harness.client.copyFile({ ...link, data: Buffer.from('../data'), fileSize: 7n })).toEqual(
      {},
    );
    await expect(
      harness.client.copyFile({ ...link, data: Buffer.from('/etc'), fileSize: 4n }),
    ).rejects.toMatchObject({ code: Status.PERMISSION_DENIED });
    await expect(
      harness.client.copyFile({ ...link, data: Uint8Array.of(0xff), fileSize: 1n }),
    ).rejects.toMatchObject({ code: Status.INTERNAL });
  });
});

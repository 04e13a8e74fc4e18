// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import process from 'node:process';

import type { PluggableDevice, PluggedDevice } from '@hako/hypervisor';
import { expect, test } from 'vitest';

import { FakeGuestAgent } from '../../testing/fake-guest-agent.ts';
import { temporaryDirectory } from '../../testing/temporary-directory.ts';
import { findPasst } from './find-passt.ts';
import { passtArguments } from './passt-command.ts';
import { openPasstNetwork } from './passt-network.ts';

const local = { hostAddress: '127.0.0.1', guestPort: 80 } as const;

test('passt gives the guest the addresses of the other stack, and leads in only what is published', () => {
  expect(
    passtArguments([
      { ...local, protocol: 'tcp', hostPort: 8080 },
      { ...local, protocol: 'udp', hostPort: 5353, guestPort: 53 },
      { ...local, protocol: 'tcp', hostAddress: '0.0.0.0', hostPort: 8081 },
    ]).join(' '),
  ).toBe(
    [
      '--foreground --quiet --stderr --fd 3 --ipv4-only',
      '--address 10.0.2.15 --netmask 24 --gateway 10.0.2.2 --dns-forward 10.0.2.3 --no-dhcp',
      '--tcp-ports 127.0.0.1/8080:80 --tcp-ports 0.0.0.0/8081:80 --udp-ports 127.0.0.1/5353:53',
    ].join(' '),
  );
  expect(passtArguments([]).join(' ')).toMatch(/--tcp-ports none --udp-ports none$/);
});

test.each([
  { version: 'passt 2024_01_01.abcdef0', isUsed: true },
  { version: 'passt 0.0~git20250503.587980c-2', isUsed: true },
  { version: 'passt 0.0~git20230309.7c7625d-1', isUsed: false },
  { version: 'passt 2023_12_30.abcdef0', isUsed: false },
  { version: 'something else', isUsed: false },
])('of $version it is $isUsed that it will do', async ({ version, isUsed }) => {
  await using directory = await temporaryDirectory();
  const directories = ['/nonexistent', directory.path];
  await expect(findPasst({ directories })).rejects.toMatchObject({ code: 'tool_missing' });
  const program = join(directory.path, 'passt');
  await writeFile(program, `#!/bin/sh\necho '${version}'\n`, { mode: 0o755 });
  if (isUsed) expect(await findPasst({ directories })).toBe(program);
  else await expect(findPasst({ directories })).rejects.toMatchObject({ code: 'network_failed' });
});

/** Says at the hypervisor's end what it was started with, and ends with the connection, as passt does. */
const fakePasst = `#!/bin/sh
if [ "$1" = --version ]; then echo 'passt 2024_12_11.09478d5'; exit; fi
echo "$HAKO_RUN_DIRECTORY $*" >&3
exec cat <&3`;

/** How many processes keep this one from ending. */
const heldBy = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'ProcessWrap').length;

test('passt has the connection to the hypervisor, can be let go of, and ends with it', async () => {
  await using directory = await temporaryDirectory();
  await writeFile(join(directory.path, 'passt'), fakePasst, { mode: 0o755 });
  const network = await openPasstNetwork({ ports: [] }, { directories: [directory.path] });
  await network.leaveTrace(directory.path);
  const hypervisor = createServer();
  const connected = once(hypervisor, 'connection') as Promise<[Socket]>;
  const vm = {
    plug: async <Device extends PluggableDevice>(device: Device): Promise<PluggedDevice<Device>> => {
      if (device.kind !== 'network' || device.backend.kind !== 'stream') throw new Error('another device');
      await once(hypervisor.listen(device.backend.socketPath), 'listening');
      return { device, address: { pciPath: '02/01' } } as PluggedDevice<Device>;
    },
    unplug: () => Promise.resolve(),
  };
  const agent = new FakeGuestAgent();
  await network.attach(vm, agent, {});
  expect(agent.calls).toEqual(['updateInterface', 'updateRoutes']);
  const [connection] = await connected;
  const [said] = (await once(connection, 'data')) as [Buffer];
  expect(said.toString()).toBe(`${directory.path} ${passtArguments([]).join(' ')}\n`);
  const before = heldBy();
  await network.release?.();
  expect(heldBy()).toBe(before - 1);
  connection.end();
  await network.close();
  hypervisor.close();
});

// SPDX-License-Identifier: Apache-2.0
import type { VmConfig } from '@hako/hypervisor';
import { describe, expect, test } from 'vitest';
import { chooseAgentRoad, isCidTaken } from './agent-road.ts';

const config = (agentChannel: VmConfig['agentChannel'], runDir = '/run/hako/a'): VmConfig => ({
  id: 'a',
  runDir,
  kernelPath: '/k',
  kernelParameters: [],
  vcpus: 1,
  memoryMib: 128,
  sharedMemory: false,
  devices: [],
  agentChannel,
  accelerator: 'tcg',
});
// Any device that opens for reading and writing stands for vhost-vsock.
const withVsock = { vhostVsockDevice: '/dev/null', hasVsockDialer: true };
const withoutDevice = { vhostVsockDevice: '/nonexistent', hasVsockDialer: true };
const withoutDialer = { vhostVsockDevice: '/dev/null', hasVsockDialer: false };
const serial = { kind: 'virtio-serial', socketPath: '/run/hako/a/agent-port.sock' };

describe('chooseAgentRoad', () => {
  test.for([
    { channel: 'auto', host: withVsock, kind: 'vsock' },
    { channel: 'auto', host: withoutDevice, kind: 'virtio-serial' },
    { channel: 'auto', host: withoutDialer, kind: 'virtio-serial' },
    { channel: 'virtio-serial', host: withVsock, kind: 'virtio-serial' },
    { channel: 'vsock', host: withVsock, kind: 'vsock' },
  ] as const)('$channel is $kind', async ({ channel, host, kind }) => {
    expect(await chooseAgentRoad(config(channel), host)).toMatchObject(kind === 'vsock' ? { kind } : serial);
  });

  test.for([
    { host: withoutDevice, message: /\/nonexistent cannot be opened/ },
    { host: withoutDialer, message: /no vsock dialer/ },
  ])('vsock by name where there is none is unsupported: $message', async ({ host, message }) => {
    const refused = chooseAgentRoad(config('vsock'), host);
    await expect(refused).rejects.toMatchObject({ code: 'unsupported' });
    await expect(refused).rejects.toThrow(message);
  });

  test('every draw is a CID that a guest may have [proves agent by vsock]', async () => {
    for (let draw = 0; draw < 100; draw += 1) {
      const road = await chooseAgentRoad(config('vsock'), withVsock);
      const cid = road.kind === 'vsock' ? road.cid : 0;
      expect(cid).toBeGreaterThanOrEqual(3);
      expect(cid).toBeLessThan(0xffff_ffff);
    }
  });

  test('a socket path of 107 bytes is taken, one of 108 is not', async () => {
    const runDir = (bytes: number) => `/${'x'.repeat(bytes - 1 - '/agent-port.sock'.length)}`;
    expect(await chooseAgentRoad(config('auto', runDir(107)), withoutDevice)).toMatchObject({
      kind: 'virtio-serial',
    });
    const tooLong = chooseAgentRoad(config('auto', runDir(108)), withoutDevice);
    await expect(tooLong).rejects.toMatchObject({ code: 'invalid_config', operand: 'runDir' });
    await expect(tooLong).rejects.toThrow('takes 108 bytes of at most 107');
  });
});

test("QEMU's words for a taken CID are known", () => {
  const words =
    'qemu: -device vhost-vsock-pci,guest-cid=3: vhost-vsock: unable to set guest cid: Address already in use';
  expect(isCidTaken(words)).toBe(true);
  expect(isCidTaken('qemu: no')).toBe(false);
});

// SPDX-License-Identifier: Apache-2.0
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { HypervisorError } from '../hypervisor-error.ts';
import { describeHypervisorCompliance, type ComplianceGuest } from './compliance.ts';
import { FakeHypervisor, type FakeGuestScript, type FakeHypervisorOptions } from './fake-hypervisor.ts';

const scripts: { readonly [Guest in ComplianceGuest]: FakeGuestScript } = {
  echo: { onAgentStream: (stream) => void stream.pipe(stream) },
  panic: { onBoot: (guest) => guest.panic(undefined, true) },
  'power-off': { onBoot: (guest) => guest.powerOff() },
  silent: {},
};

async function createSubject(options: FakeHypervisorOptions) {
  const directory = await mkdtemp(join(tmpdir(), 'hako-fake-'));
  const kernelPath = join(directory, 'vmlinuz');
  await writeFile(kernelPath, 'kernel');
  const runDir = await mkdtemp(join(directory, 'run-'));
  await chmod(runDir, 0o700);
  return {
    hypervisor: new FakeHypervisor(options),
    config: {
      id: 'fake-1',
      runDir,
      kernelPath,
      initrdPath: kernelPath,
      kernelParameters: [],
      vcpus: 1,
      memoryMib: 128,
      sharedMemory: false,
      devices: [],
      agentChannel: 'auto',
      accelerator: 'auto',
    } as const,
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true }),
  };
}

for (const agentTransport of ['memory', 'socket'] as const) {
  describeHypervisorCompliance(`the fake over ${agentTransport}`, (guest) =>
    createSubject({ script: scripts[guest], agentTransport }),
  );
}

describe('FakeHypervisor', () => {
  test('records the calls in order', async () => {
    await using subject = await createSubject({});
    const vm = await subject.hypervisor.createVm(subject.config);
    await vm.start();
    await vm.stop();
    expect(subject.hypervisor.calls.map((call) => call.method)).toEqual(['createVm', 'start', 'stop']);
  });

  test('a scripted death of the vmm carries its status and stderr', async () => {
    await using subject = await createSubject({
      script: { onBoot: (guest) => guest.exitVmm({ exitCode: 3, stderr: 'qemu: no more\n' }) },
    });
    await using vm = await subject.hypervisor.createVm(subject.config);
    await vm.start();
    await expect(vm.waitForAgent(() => Promise.reject(new Error('no')))).rejects.toMatchObject({
      code: 'vmm_exited',
      message: 'vm fake-1 ended with status 3 before its agent answered: qemu: no more',
      stderrTail: 'qemu: no more\n',
    });
  });

  test('a scripted error of the start ends the vm', async () => {
    const cause = new HypervisorError('vmm_exited', 'scripted');
    await using subject = await createSubject({ script: { onStarting: () => Promise.reject(cause) } });
    await using vm = await subject.hypervisor.createVm(subject.config);
    await expect(vm.start()).rejects.toBe(cause);
    expect(vm.state).toBe('stopped');
  });

  test('a start that hangs ends at its deadline', async () => {
    await using subject = await createSubject({
      script: { onStarting: () => Promise.withResolvers<undefined>().promise },
    });
    await using vm = await subject.hypervisor.createVm(subject.config);
    await expect(vm.start({ timeoutMs: 5 })).rejects.toMatchObject({ code: 'timeout' });
    expect(vm.state).toBe('stopped');
  });

  test('a panic that does not end the vm is reported with the vm still there', async () => {
    await using subject = await createSubject({ script: { onBoot: (guest) => guest.panic() } });
    await using vm = await subject.hypervisor.createVm(subject.config);
    await vm.start();
    await expect(vm.waitForAgent(() => Promise.reject(new Error('no')))).rejects.toMatchObject({
      code: 'guest_panicked',
    });
    expect(vm.state).toBe('running');
  });
});

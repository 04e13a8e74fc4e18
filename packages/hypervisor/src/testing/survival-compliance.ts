// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { expect, test } from 'vitest';
import type { AgentProbe, VirtualMachine } from '../virtual-machine.ts';
import type { VmRecord } from '../vm-record.ts';
import type { ComplianceGuest, ComplianceSubject } from './compliance.ts';

const patienceMs = 1_000;

/** What is written before the guest has noticed that its port has changed hands may be lost, so it is written again. */
function repeatedEchoProbe(vm: VirtualMachine): AgentProbe<void> {
  let stream: Duplex | undefined;
  return async (signal) => {
    stream ??= await vm.openAgentChannel({ signal });
    stream.write('ping');
    const patience = AbortSignal.timeout(patienceMs);
    const chunks: readonly unknown[] = await once(stream, 'data', {
      signal: AbortSignal.any([signal, patience]),
    });
    expect(String(chunks[0])).toMatch(/^(ping)+$/);
  };
}

/** The part of the suite about machines that survive their owner. */
export function describeSurvivalCompliance(
  createSubject: (guest: ComplianceGuest) => Promise<ComplianceSubject>,
  echoProbe: (vm: VirtualMachine) => AgentProbe<unknown>,
  boot: { readonly timeoutMs: number },
): void {
  test('a machine that survives its owner is let go of, and taken over with all it has [proves vm.record, vm.release, hypervisor.adoptVm]', async () => {
    await using subject = await createSubject('echo');
    const { hypervisor, config } = subject;
    const vm = await hypervisor.createVm({ ...config, survivesOwner: true });
    await vm.start(boot);
    await vm.waitForAgent(echoProbe(vm), boot);
    const path = join(config.runDir, 'disk');
    await writeFile(path, new Uint8Array(4096));
    await vm.plug({ kind: 'block', id: 'late', path, readOnly: true });
    // As it comes out of a file.
    // eslint-disable-next-line @typescript-eslint/consistent-type-assertions -- what was a record is one again
    const record = JSON.parse(JSON.stringify(await vm.record())) as VmRecord;
    const { pluggedDevices } = vm;
    const { vmm } = vm.pids();
    await vm.release();
    expect(await vm.exited).toMatchObject({ reason: 'released' });
    await expect(vm.release()).rejects.toMatchObject({ code: 'invalid_state' });

    await using adopted = await hypervisor.adoptVm(record);
    expect(adopted.state).toBe('running');
    expect(adopted.pids()).toEqual({ vmm });
    expect(adopted.pluggedDevices).toEqual(pluggedDevices);
    await adopted.waitForAgent(repeatedEchoProbe(adopted), boot);
    const device = { kind: 'block', id: 'late', path, readOnly: true } as const;
    await expect(adopted.plug(device)).rejects.toMatchObject({ code: 'device_exists' });
    await adopted.plug({ ...device, id: 'later' });
    await adopted.unplug('late', boot);
    expect(adopted.pluggedDevices).toMatchObject([{ device: { id: 'later' } }]);
    expect(await adopted.stop()).toMatchObject({ reason: 'stopped' });
    await rm(path);
    expect((await readdir(config.runDir)).filter((file) => !file.startsWith('console.log'))).toEqual([]);
    await expect(hypervisor.adoptVm(record)).rejects.toMatchObject({ code: 'vmm_exited' });
  });

  test('a machine that ends with its owner is not let go of', async () => {
    await using subject = await createSubject('silent');
    await using vm = await subject.hypervisor.createVm(subject.config);
    await vm.start(boot);
    await expect(vm.record()).rejects.toMatchObject({ code: 'unsupported' });
    await expect(vm.release()).rejects.toMatchObject({ code: 'unsupported' });
    expect(vm.state).toBe('running');
  });
}

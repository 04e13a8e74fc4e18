// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { describe, expect, test } from 'vitest';
import type { Hypervisor } from '../hypervisor.ts';
import type { AgentProbe, VirtualMachine } from '../virtual-machine.ts';
import type { VmConfig } from '../vm-config.ts';
import { describeHotplugCompliance } from './hotplug-compliance.ts';
import { describeSurvivalCompliance } from './survival-compliance.ts';

/**
 * What the guest does once it runs.
 *
 * - `echo`: sends back on the agent port what it gets there
 * - `panic`: its kernel panics and the VM ends
 * - `power-off`: ends itself in order
 * - `silent`: runs and never answers
 */
export type ComplianceGuest = 'echo' | 'panic' | 'power-off' | 'silent';

/** One prepared hypervisor with a config that works; disposing it removes what the factory made. */
export interface ComplianceSubject extends AsyncDisposable {
  readonly hypervisor: Hypervisor;
  /** Its `runDir` is empty. */
  readonly config: VmConfig;
}

/** Options of {@link describeHypervisorCompliance}. */
export interface ComplianceOptions {
  /** Longest time this hypervisor takes to boot a guest. Default 60 000. */
  readonly bootTimeoutMs?: number;
}

/** The probe of the suite: one message there and back. */
function echoProbe(vm: VirtualMachine): AgentProbe<Duplex> {
  let stream: Duplex | undefined;
  return async (signal) => {
    stream ??= await vm.openAgentChannel({ signal });
    stream.write('ping');
    expect(await nextText(stream, signal)).toBe('ping');
    return stream;
  };
}

/** Half of a machine with as many CPUs as nodes. */
const node = { vcpus: 1, memoryMib: 64, hostNodes: [0], distances: [10, 20] };

async function temporaryDirectory(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'hako-compliance-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

async function nextText(stream: Duplex, signal?: AbortSignal): Promise<string> {
  const chunks: readonly unknown[] = await once(stream, 'data', { signal });
  return String(chunks[0]);
}

/** The tests that every {@link Hypervisor} passes, the fake and the real ones alike. */
export function describeHypervisorCompliance(
  name: string,
  createSubject: (guest: ComplianceGuest) => Promise<ComplianceSubject>,
  { bootTimeoutMs = 60_000 }: ComplianceOptions = {},
): void {
  const boot = { timeoutMs: bootTimeoutMs };

  describe(`hypervisor compliance of ${name}`, () => {
    describe('bad configs are refused before anything is created', () => {
      const cases: readonly {
        readonly what: string;
        readonly change: Partial<VmConfig>;
        readonly operand: string;
      }[] = [
        { what: 'an id with a slash', change: { id: 'a/b' }, operand: 'id' },
        { what: 'an empty id', change: { id: '' }, operand: 'id' },
        { what: 'zero cpus', change: { vcpus: 0 }, operand: 'vcpus' },
        {
          what: 'fewer cpus at most than at boot',
          change: { vcpus: 2, maximumVcpus: 1 },
          operand: 'maximumVcpus',
        },
        {
          what: 'less memory at most than at boot',
          change: { memoryMib: 256, maximumMemoryMib: 128 },
          operand: 'maximumMemoryMib',
        },
        { what: 'no place for memory', change: { memorySlots: 0 }, operand: 'memorySlots' },
        {
          what: 'more places for memory than there can be',
          change: { memorySlots: 257 },
          operand: 'memorySlots',
        },
        {
          what: 'a control group by a relative path',
          change: { controlGroupFiles: ['cgroup.procs'] },
          operand: 'controlGroupFiles',
        },
        {
          what: 'a topology of another number of cpus',
          change: { maximumVcpus: 4, cpuTopology: { sockets: 1, cores: 2, threads: 1 } },
          operand: 'cpuTopology',
        },
        {
          what: 'several numa nodes that could grow',
          change: { vcpus: 2, maximumVcpus: 4, numaNodes: [node, node] },
          operand: 'numaNodes',
        },
        { what: 'half a cpu', change: { vcpus: 1.5 }, operand: 'vcpus' },
        { what: 'too little memory', change: { memoryMib: 127 }, operand: 'memoryMib' },
        { what: 'a missing kernel', change: { kernelPath: '/nonexistent/vmlinuz' }, operand: 'kernelPath' },
        { what: 'a directory as kernel', change: { kernelPath: '/' }, operand: 'kernelPath' },
        { what: 'a missing initrd', change: { initrdPath: '/nonexistent/initrd' }, operand: 'initrdPath' },
        {
          what: 'a missing root image',
          change: { rootImage: { path: '/nonexistent/root', format: 'raw', fstype: 'erofs' } },
          operand: 'rootImage',
        },
        { what: 'a missing run directory', change: { runDir: '/nonexistent/run' }, operand: 'runDir' },
        { what: 'a run directory open to others', change: { runDir: '/' }, operand: 'runDir' },
        {
          what: 'two words in one parameter',
          change: { kernelParameters: ['a b'] },
          operand: 'kernelParameters',
        },
        {
          what: 'virtio-fs without shared memory',
          change: { sharedMemory: false, devices: [{ kind: 'virtio-fs', tag: 'share', socketPath: '/s' }] },
          operand: 'sharedMemory',
        },
        {
          what: '9p of a directory that is not exported',
          change: { devices: [{ kind: '9p', tag: 'share', exportId: 'share' }] },
          operand: 'exportedDirectories',
        },
        {
          what: 'an exported directory without absolute path',
          change: { exportedDirectories: [{ id: 'share', path: 'a' }] },
          operand: 'exportedDirectories',
        },
        {
          what: 'a relative mount namespace',
          change: { mountNamespacePath: 'ns' },
          operand: 'mountNamespacePath',
        },
      ];
      test.for(cases)('$what', async ({ change, operand }) => {
        await using subject = await createSubject('silent');
        const created = subject.hypervisor.createVm({ ...subject.config, ...change });
        await expect(created).rejects.toMatchObject({ code: 'invalid_config', operand });
        expect(await readdir(subject.config.runDir)).toEqual([]);
      });
    });

    test('creating a vm leaves nothing in the run directory and starts nothing [proves hypervisor.name, hypervisor.createVm]', async () => {
      await using subject = await createSubject('silent');
      expect(subject.hypervisor.name).toMatch(/^[a-z]+$/);
      await using vm = await subject.hypervisor.createVm(subject.config);
      expect(vm.state).toBe('created');
      expect(await readdir(subject.config.runDir)).toEqual([]);
      expect(await vm.stop()).toMatchObject({ reason: 'never_started' });
    });

    test('an aborted signal keeps createVm from doing anything', async () => {
      await using subject = await createSubject('silent');
      const created = subject.hypervisor.createVm(subject.config, { signal: AbortSignal.abort() });
      await expect(created).rejects.toMatchObject({ code: 'aborted' });
    });

    test('boots, answers on the agent channel, pauses, resumes and stops [proves vm.id, vm.state, vm.start, vm.agentAddress, vm.openAgentChannel, vm.waitForAgent, vm.pids, vm.pause, vm.resume, vm.stop, vm.exited, vm.phases]', async () => {
      await using subject = await createSubject('echo');
      await using vm = await subject.hypervisor.createVm(subject.config);
      await vm.start();
      expect(vm.state).toBe('running');
      expect(vm.agentAddress).toMatch(/^(serial|vsock):\/\//);
      expect(vm.pids().vmm).toBeGreaterThan(0);

      const stream = await vm.waitForAgent(echoProbe(vm), boot);
      await expect(vm.openAgentChannel()).rejects.toMatchObject({ code: 'invalid_state' });

      await vm.pause();
      expect(vm.state).toBe('paused');
      await expect(vm.pause()).rejects.toMatchObject({ code: 'invalid_state' });
      await vm.resume();
      expect(vm.state).toBe('running');

      stream.write('again');
      expect(await nextText(stream)).toBe('again');

      const exit = await vm.stop();
      expect(exit).toMatchObject({ reason: 'stopped', stoppedBy: 'request' });
      expect(vm.state).toBe('stopped');
      expect(await vm.exited).toEqual(exit);
      expect(
        (await readdir(subject.config.runDir)).filter((file) => !file.startsWith('console.log')),
      ).toEqual([]);

      const { startCalledMs, vmmSpawnedMs, monitorReadyMs, guestRunningMs, agentReadyMs } = vm.phases;
      const order = [startCalledMs, vmmSpawnedMs, monitorReadyMs, guestRunningMs, agentReadyMs].map(Number);
      expect(order).toEqual(order.toSorted((a, b) => a - b));
    });

    test('the agent channel can be opened again after it was closed', async () => {
      await using subject = await createSubject('echo');
      await using vm = await subject.hypervisor.createVm(subject.config);
      await vm.start();
      const first = await vm.waitForAgent(echoProbe(vm), boot);
      first.destroy();
      await once(first, 'close');
      await vm.waitForAgent(echoProbe(vm), boot);
    });

    test('a machine that was saved goes on, and others start where it stood [proves hypervisor.snapshotSupport, vm.save]', async () => {
      await using subject = await createSubject('echo');
      await using directory = await temporaryDirectory();
      const config = { ...subject.config, sharedMemory: true };
      const support = await subject.hypervisor.snapshotSupport(config);
      const elsewhere = { ...config, id: 'other', networkNamespacePath: '/run/netns/other' };
      expect(await subject.hypervisor.snapshotSupport(elsewhere)).toEqual(support);
      const exporting = (path: string, id = 'share') =>
        subject.hypervisor.snapshotSupport({
          ...config,
          mountNamespacePath: path,
          exportedDirectories: [{ id, path }],
        });
      expect(await exporting('/here')).toEqual(await exporting('/there'));
      expect((await exporting('/here'))?.key).not.toBe((await exporting('/here', 'other'))?.key);
      const larger = await subject.hypervisor.snapshotSupport({ ...config, memoryMib: 256 });
      expect(larger?.key).not.toBe(support?.key);

      const restoreFrom = join(directory.path, 'snapshot');
      {
        await using vm = await subject.hypervisor.createVm(config);
        await vm.start();
        await vm.waitForAgent(echoProbe(vm), boot);
        await vm.save(restoreFrom);
        expect(vm.state).toBe('running');
        await vm.waitForAgent(echoProbe(vm), boot);
        // A second save finds its directory taken, and takes nothing away.
        await expect(vm.save(restoreFrom)).rejects.toThrow();
        // That it was refused shows after the channel was closed, without which nothing is saved.
        const unsaved = join(directory.path, 'unsaved');
        await expect(vm.save(unsaved)).rejects.toMatchObject({ code: 'invalid_state' });
        await vm.waitForAgent(echoProbe(vm), boot);
        await vm.pause();
        await expect(vm.save(unsaved)).rejects.toMatchObject({ code: 'invalid_state' });
        expect(await readdir(directory.path)).toEqual(['snapshot']);
      }
      for (const id of ['clone-1', 'clone-2']) {
        await using clone = await subject.hypervisor.createVm({ ...config, id, restoreFrom });
        await clone.start();
        await clone.waitForAgent(echoProbe(clone), boot);
        expect(await clone.vcpuThreads()).toHaveLength(config.vcpus);
        await clone.pause();
        await clone.resume();
      }
      await rm(restoreFrom, { recursive: true });
      await mkdir(restoreFrom);
      await expect(subject.hypervisor.createVm({ ...config, restoreFrom })).rejects.toMatchObject({
        code: 'snapshot_unusable',
      });
    });

    test('a machine whose memory is its own cannot be saved', async () => {
      await using subject = await createSubject('echo');
      await using directory = await temporaryDirectory();
      expect(await subject.hypervisor.snapshotSupport(subject.config)).toBeUndefined();
      await using vm = await subject.hypervisor.createVm(subject.config);
      await expect(vm.save(directory.path)).rejects.toMatchObject({ code: 'invalid_state' });
      await vm.start();
      await vm.waitForAgent(echoProbe(vm), boot);
      await expect(vm.save(join(directory.path, 'snapshot'))).rejects.toMatchObject({ code: 'unsupported' });
      expect(vm.state).toBe('running');
    });

    test('calls that need a running vm are refused before the start and after the stop', async () => {
      await using subject = await createSubject('silent');
      await using vm = await subject.hypervisor.createVm(subject.config);
      const refused = async () => {
        await expect(vm.openAgentChannel()).rejects.toMatchObject({ code: 'invalid_state' });
        await expect(vm.pause()).rejects.toMatchObject({ code: 'invalid_state' });
        await expect(vm.resume()).rejects.toMatchObject({ code: 'invalid_state' });
        expect(() => vm.pids()).toThrow(expect.objectContaining({ code: 'invalid_state' }));
      };
      expect(() => vm.agentAddress).toThrow(expect.objectContaining({ code: 'invalid_state' }));
      await refused();
      await vm.start();
      await vm.stop();
      await refused();
      await expect(vm.start()).rejects.toMatchObject({ code: 'invalid_state' });
    });

    test('concurrent and repeated stops share one outcome', async () => {
      await using subject = await createSubject('silent');
      await using vm = await subject.hypervisor.createVm(subject.config);
      await vm.start();
      const [first, second] = await Promise.all([vm.stop(), vm.stop()]);
      expect(second).toBe(first);
      expect(await vm.stop()).toBe(first);
    });

    test('a second start is refused and leaves the first alone', async () => {
      await using subject = await createSubject('silent');
      await using vm = await subject.hypervisor.createVm(subject.config);
      const first = vm.start();
      await expect(vm.start()).rejects.toMatchObject({ code: 'invalid_state' });
      await first;
      expect(vm.state).toBe('running');
    });

    test('stop during the start makes the start reject and leaves nothing', async () => {
      await using subject = await createSubject('silent');
      await using vm = await subject.hypervisor.createVm(subject.config);
      const refused = expect(vm.start()).rejects.toMatchObject({ code: 'aborted' });
      await vm.stop();
      await refused;
      expect(vm.state).toBe('stopped');
      expect(
        (await readdir(subject.config.runDir)).filter((file) => !file.startsWith('console.log')),
      ).toEqual([]);
    });

    test('an abort during the start undoes it', async () => {
      await using subject = await createSubject('silent');
      await using vm = await subject.hypervisor.createVm(subject.config);
      const controller = new AbortController();
      const started = expect(vm.start({ signal: controller.signal })).rejects.toMatchObject({
        code: 'aborted',
      });
      controller.abort(new Error('enough'));
      await started;
      expect(vm.state).toBe('stopped');
      expect(
        (await readdir(subject.config.runDir)).filter((file) => !file.startsWith('console.log')),
      ).toEqual([]);
    });

    describeHotplugCompliance(createSubject, boot);

    describeSurvivalCompliance(createSubject, echoProbe, boot);

    test('a silent agent is told from a dead one, and the vm goes on', async () => {
      await using subject = await createSubject('silent');
      await using vm = await subject.hypervisor.createVm(subject.config);
      await vm.start();
      const cause = new Error('not there');
      const waited = vm.waitForAgent(() => Promise.reject(cause), { timeoutMs: 300 });
      await expect(waited).rejects.toMatchObject({ code: 'agent_silent', cause });
      expect(vm.state).toBe('running');
    });

    test('an abort ends the wait for the agent, and the probe with it', async () => {
      await using subject = await createSubject('silent');
      await using vm = await subject.hypervisor.createVm(subject.config);
      await vm.start();
      const controller = new AbortController();
      let probeSignal: AbortSignal | undefined;
      const waited = vm.waitForAgent(
        (signal) => {
          probeSignal = signal;
          controller.abort();
          return once(new EventTarget(), 'never', { signal });
        },
        { signal: controller.signal },
      );
      await expect(waited).rejects.toMatchObject({ code: 'aborted' });
      expect(probeSignal?.aborted).toBe(true);
    });

    test('a kernel panic is named, with the console as evidence [proves vm.consoleLogPath]', async () => {
      await using subject = await createSubject('panic');
      await using vm = await subject.hypervisor.createVm(subject.config);
      await vm.start();
      const waited = vm.waitForAgent(() => Promise.reject(new Error('not there')), boot);
      const evidence: unknown = expect.stringContaining('Kernel panic - not syncing');
      await expect(waited).rejects.toMatchObject({ code: 'guest_panicked', consoleTail: evidence });
      expect(await vm.exited).toMatchObject({ reason: 'guest_panicked' });
      expect(await readFile(vm.consoleLogPath, 'latin1')).toContain('Kernel panic - not syncing');
    });

    test('a guest that powers itself off is an exit, not a silence', async () => {
      await using subject = await createSubject('power-off');
      await using vm = await subject.hypervisor.createVm(subject.config);
      await vm.start();
      const waited = vm.waitForAgent(() => Promise.reject(new Error('not there')), boot);
      await expect(waited).rejects.toMatchObject({ code: 'vmm_exited', exit: { reason: 'guest_shutdown' } });
      expect(vm.state).toBe('stopped');
    });
  });
}

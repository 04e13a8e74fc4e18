// SPDX-License-Identifier: Apache-2.0
import { dirname } from 'node:path';

import { HypervisorError, type VirtualMachine } from '@hako/hypervisor';

import type { AgentEndpoint, ConnectAgent } from './agent-endpoint.ts';
import { throwIfAborted, type WaitOptions } from './deadline.ts';
import { fromHypervisorFailure } from './hypervisor-failure.ts';
import { adoptNetwork } from './network/adopted-network.ts';
import { networkedMachine } from './network/networked-machine.ts';
import { outputPort } from './process/output-ports.ts';
import { reachAgent } from './reach-agent.ts';
import { adoptHostCgroup } from './resources/host-cgroup/adopt-host-cgroup.ts';
import { prepareRoom } from './resources/machine-config.ts';
import { withNuma } from './resources/numa/with-numa.ts';
import { preparePinning } from './resources/prepare-pinning.ts';
import { notedMachine } from './run/noted-machine.ts';
import { RunDirectory } from './run/run-directory.ts';
import { findSandbox, type RegistryOptions, type SandboxListing } from './run/sandbox-registry.ts';
import { SurvivalLedger } from './run/survival-ledger.ts';
import { completeComponents, type SandboxComponents } from './sandbox-components.ts';
import { SandboxError } from './sandbox-error.ts';
import { configOf } from './sandbox-options.ts';
import { Sandbox } from './sandbox.ts';
import { planSharing } from './share/share-plan.ts';
import { Timeline } from './timeline.ts';
import { undoMachine } from './undo-machine.ts';
import { UndoStack } from './undo-stack.ts';

/** An agent that lives takes a connection at once; an emulated one that is busy takes a while. */
const defaultTimeoutMs = 15_000;
const answerPatienceMs = 500;

/** Where to look, and for how long to try. */
export type AdoptSandboxOptions = RegistryOptions & WaitOptions;

/**
 * Makes this process the owner of a sandbox whose owner is dead and which survived that (`onOwnerExit: 'keep'`): machine, file
 * sharing, network and agent are taken up, containers with them: with their devices, their hooks and their part of a machine
 * that grows. It is as if this process had made it. Of several processes that try one succeeds. A sandbox that turns out to be
 * dead is cleaned up.
 *
 * Errors: `sandbox_not_found`, `invalid_state` (it has an owner, or another process was faster), `vm_exited`, `agent_failed`,
 * `boot_failed` (its sockets or its record cannot be made), `permission_denied`, `aborted`, `timeout`. After `vm_exited` nothing
 * is left of it; after the last five it is left as it is, for another attempt.
 * @param id the sandbox, or the unique beginning of its id
 * @param options limits; default 15 s
 * @param components parts to use instead of the real ones
 */
export async function adoptSandbox(
  id: string,
  options: AdoptSandboxOptions = {},
  components: Partial<SandboxComponents> = {},
): Promise<Sandbox> {
  throwIfAborted(options.signal);
  const listing = await findSandbox(id, options);
  const runDirectory =
    listing.status === 'orphaned'
      ? await RunDirectory.takeOver(dirname(listing.directory), listing.id)
      : undefined;
  if (runDirectory === undefined) throw notAdoptable(listing);
  const sandbox = await takeUp(runDirectory, options, components).catch(async (error: unknown) => {
    const reason = explain(listing.id, error);
    if (reason instanceof SandboxError && reason.code === 'vm_exited') await runDirectory.clear();
    else await runDirectory.disown();
    throw reason;
  });
  try {
    await sandbox.ready(options);
    return sandbox;
  } catch (error) {
    // Unless its machine is lost, or it could not be taken up and is let go of already.
    await sandbox.release().catch(() => undefined);
    await sandbox.ended;
    throw sandbox.state.name === 'failed' ? sandbox.state.error : error;
  }
}

/** That the machine is gone means something else here than at a boot. */
function explain(id: string, error: unknown): unknown {
  if (!HypervisorError.is(error) || error.code !== 'vmm_exited') return fromHypervisorFailure(error);
  return new SandboxError('vm_exited', `sandbox ${id} ended with its owner`, { cause: error });
}

function notAdoptable({ id, status, owner }: SandboxListing): SandboxError {
  const isOwned = status !== 'exited' && status !== 'failed' && status !== 'orphaned';
  const why = isOwned
    ? `belongs to process ${owner.pid}`
    : status === 'orphaned'
      ? 'has just been adopted by another process'
      : `is ${status}`;
  return new SandboxError('invalid_state', `sandbox ${id} ${why}`, { remedy: 'see `hako ps`' });
}

async function takeUp(
  runDirectory: RunDirectory,
  { signal, timeoutMs = defaultTimeoutMs }: WaitOptions,
  components: Partial<SandboxComponents>,
): Promise<Sandbox> {
  const { record, path: directory } = runDirectory;
  const { parseSurvival } = await import('./run/parse-survival.ts');
  const survival = parseSurvival(record.survival);
  if (survival === undefined) {
    throw new SandboxError('vm_exited', `what is known of sandbox ${record.id} cannot be understood`);
  }
  const { options } = survival;
  const checked = configOf({ ...options, id: record.id, runRoot: dirname(directory) });
  const parts = await completeComponents(components, checked.options);
  const config = await withNuma(checked, parts);
  const limits = { timeoutMs, ...(signal && { signal }) };
  const place = record.guest?.share;
  const share = place === undefined ? undefined : await parts.adoptFileShare({ directory, place });
  if (share === undefined) throw new SandboxError('vm_exited', 'the file sharing of the sandbox has ended');
  let machine: VirtualMachine | undefined;
  let endpoint: AgentEndpoint | undefined;
  try {
    machine = await parts.hypervisor.adoptVm(survival.vm, limits);
    const connectAgentAt = await parts.loadConnectAgent();
    const connectAgent: ConnectAgent = (stream) => connectAgentAt(stream, outputPort(directory, 'owner'));
    endpoint = await wakeAgent(machine, connectAgent, limits);
    const { logger } = parts;
    const ledger = new SurvivalLedger({ runDirectory, vm: machine, options, logger }, survival);
    const vm = notedMachine(machine, () => ledger.noteMachine());
    const adopting = { network: config.network, directory, machine: networkedMachine(config) };
    const network = await adoptNetwork(adopting, parts);
    const undo = new UndoStack();
    undo.push('run directory', () => runDirectory.release(runDirectory.record.outcome));
    const cgroup = await adoptHostCgroup(config, directory, undo);
    undo.push('file sharing', () => share.close());
    undo.push('network', () => network.close());
    undoMachine(undo, vm, config.options.keepConsoleLog);
    const pinning = await preparePinning(config, { vm, ...parts, isAdopted: true });
    const room = await prepareRoom(config, {
      ...{ vm, undo, logger, directory, ledger, promised: survival.promised ?? [] },
      onGrowth: async () => {
        await cgroup?.settle(vm);
        await pinning?.settle();
      },
    });
    return new Sandbox({
      ...{ config, runDirectory, share, network, vm, ledger, logger, undo },
      loadConnectAgent: () => Promise.resolve(connectAgent),
      ...room,
      ...(pinning && { pinning }),
      sharing: planSharing(config.sharing, directory),
      plan: { kind: 'cold' },
      adopted: { endpoint, survival },
      timeline: new Timeline(parts.clock, parts.onPhase),
    });
  } catch (error) {
    // What is alive is left alive.
    await endpoint?.close();
    await machine?.release().catch(() => undefined);
    await share.release?.();
    throw error;
  }
}

async function wakeAgent(
  vm: VirtualMachine,
  connectAgent: ConnectAgent,
  limits: WaitOptions,
): Promise<AgentEndpoint> {
  // One that stands still could not answer.
  const isPaused = vm.state === 'paused';
  if (isPaused) await vm.resume(limits);
  try {
    return await reachAgent(vm, connectAgent, { ...limits, patienceMs: answerPatienceMs });
  } catch (error) {
    if (HypervisorError.is(error) && error.code === 'agent_silent') {
      throw new SandboxError('agent_failed', 'the agent of the sandbox does not answer', {
        cause: error,
        remedy: 'remove the sandbox with `hako rm --force`',
      });
    }
    throw error;
  }
}

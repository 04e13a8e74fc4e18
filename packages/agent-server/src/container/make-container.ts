// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { grpcToOciSpec, type OciLinux, type OciSpec } from '@hako/protocols';
import type { CreateContainerRequest } from '@hako/protocols/agent';
import type { AgentComponents } from '../agent-components.ts';
import { placeCgroup } from '../cgroup/cgroup-path.ts';
import { resolveDevices } from '../devices/device-resolver.ts';
import { AgentError } from '../errors/agent-error.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { keepAllCapabilities, ownCapabilities } from '../spec/capabilities.ts';
import { rewriteDeviceNumbers } from '../spec/device-numbers.ts';
import { effectiveProcess } from '../spec/effective-process.ts';
import { splitHooks } from '../spec/hooks.ts';
import { keepReadOnly } from '../spec/read-only-sources.ts';
import { placeNamespaces } from '../spec/namespaces.ts';
import { checkRequestedRoot, validateSpec } from '../spec/validate-spec.ts';
import { type Bundle, createBundle } from './bundle.ts';
import { Container } from './container.ts';

/** The process section as the runtime needs it. */
async function withEffectiveProcess(spec: OciSpec): Promise<OciSpec> {
  if (spec.process === undefined) throw new AgentError('invalid_spec', 'the specification has no process');
  const process = effectiveProcess(spec.process);
  if (process.capabilities !== undefined) return { ...spec, process };
  return { ...spec, process: keepAllCapabilities(process, await ownCapabilities()) };
}

/** The root section and the linux section as the runtime needs them. */
function withBundle(spec: OciSpec, bundle: Bundle, cgroupsPath: string): OciSpec {
  const linux: OciLinux = { ...spec.linux, cgroupsPath };
  // Cache allocation is the host's affair.
  delete linux.intelRdt;
  return { ...spec, root: { path: bundle.rootfs, readonly: spec.root?.readonly ?? false }, linux };
}

/**
 * Makes a container from a request, up to the point just before its program runs. Whatever was done is undone when a later
 * step fails or the caller gives up.
 *
 * @param containerId - has been checked and reserved
 */
export async function makeContainer(
  components: AgentComponents,
  sandbox: Sandbox,
  request: CreateContainerRequest,
  signal: AbortSignal,
): Promise<Container> {
  const { containerId } = request;
  const { runtime, cgroups, logger, runHooks } = components;
  if (request.OCI === undefined)
    throw new AgentError('invalid_request', 'EINVAL: the request has no specification');
  if (request.OCI.Process === undefined)
    throw new AgentError('invalid_request', 'EINVAL: the specification has no process');
  await using undo = new AsyncDisposableStack();

  const requested = grpcToOciSpec(request.OCI);
  if (requested.root === undefined) throw new AgentError('invalid_spec', 'the specification has no root');
  const deviceLimits = { timeoutMs: components.options.hotplugTimeoutMs, signal };
  const devices = await resolveDevices(request.devices, components.deviceDrivers, deviceLimits);
  const storages = await sandbox.storages.acquire(request.storages, containerId);
  undo.defer(() => sandbox.storages.release(storages));
  signal.throwIfAborted();

  const isFirst = sandbox.containers.all.length === 0;
  const faithful = keepReadOnly(rewriteDeviceNumbers(requested, devices), await components.mounter.list());
  const placed = placeNamespaces(faithful, {
    shared: sandbox.sharedNamespaces,
    sandboxPidns: request.sandboxPidns,
    pidNamespace: isFirst ? undefined : sandbox.pidNamespace,
    hasContainers: !isFirst,
  });
  const { spec: withoutAgentHooks, agentHooks } = splitHooks(placed, sandbox.guestHooks);
  await checkRequestedRoot(requested.root.path);
  const bundle = await createBundle(components, containerId, requested.root.path);
  undo.defer(() => bundle.remove());
  const placement = placeCgroup(containerId, requested.linux?.cgroupsPath, components.isInit);
  const spec = withBundle(await withEffectiveProcess(withoutAgentHooks), bundle, placement.cgroupsPath);
  await validateSpec(spec);
  await bundle.writeConfig(spec);

  const init = await runtime.create({
    containerId,
    bundleDir: bundle.dir,
    terminal: spec.process?.terminal === true,
    cgroupManager: placement.manager,
    signal,
  });
  const container = new Container({
    id: containerId,
    spec,
    init,
    bundle,
    cgroup: cgroups.open(placement.path),
    storages,
    poststart: agentHooks.poststart,
    poststop: agentHooks.poststop,
    runtime,
    runHooks,
    logger,
  });
  await runHooks('prestart', agentHooks.prestart, {
    ociVersion: spec.ociVersion,
    id: containerId,
    status: 'created',
    pid: init.pid,
    bundle: bundle.dir,
    annotations: spec.annotations ?? {},
  });
  if (signal.aborted) {
    container.closeStreams();
    await container.destroy();
    signal.throwIfAborted();
  }
  if (isFirst) sandbox.pidNamespace = join('/proc', init.pid.toString(), 'ns/pid');
  undo.move();
  return container;
}

// SPDX-License-Identifier: Apache-2.0
import { grpcToOciSpec, type OciLinux, type OciResources, type OciSpec } from '@hako/protocols';
import type { CreateContainerRequest, StringUser } from '@hako/protocols/agent';
import type { AgentComponents } from '../agent-components.ts';
import { placeCgroup } from '../cgroup/cgroup-path.ts';
import { sortResources } from '../cgroup/sort-resources.ts';
import { placeDevices } from '../devices/place-devices.ts';
import { AgentError } from '../errors/agent-error.ts';
import { joinablePidNamespace, releasePidNamespace, sharePidNamespace } from '../sandbox/pid-namespace.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { keepAllCapabilities, ownCapabilities } from '../spec/capabilities.ts';
import { effectiveProcess } from '../spec/effective-process.ts';
import { splitHooks } from '../spec/hooks.ts';
import { keepReadOnly } from '../spec/read-only-sources.ts';
import { applyNetworkSysctls } from '../spec/network-sysctls.ts';
import { placeNamespaces } from '../spec/namespaces.ts';
import { withStringUser } from '../spec/string-user.ts';
import { checkRequestedRoot, validateSpec } from '../spec/validate-spec.ts';
import { applyLenientLimits } from './apply-resources.ts';
import { type Bundle, createBundle } from './bundle.ts';
import { Container } from './container.ts';
import { attachSharedMounts } from './shared-mounts.ts';

/** The process section as the runtime needs it. */
async function withEffectiveProcess(
  spec: OciSpec,
  stringUser: StringUser | undefined,
  rootfs: string,
): Promise<OciSpec> {
  if (spec.process === undefined) throw new AgentError('invalid_spec', 'the specification has no process');
  const process = withStringUser(effectiveProcess(spec.process), stringUser, rootfs);
  if (process.capabilities !== undefined) return { ...spec, process };
  return { ...spec, process: keepAllCapabilities(process, await ownCapabilities()) };
}

/** The root section and the linux section as the runtime needs them. */
function withBundle(spec: OciSpec, bundle: Bundle, cgroupsPath: string, resources: OciResources): OciSpec {
  const linux: OciLinux = { ...spec.linux, cgroupsPath, resources };
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
  const { spec: withDevices, pciAddresses } = await placeDevices(
    components,
    requested,
    request.devices,
    signal,
  );
  const storages = await sandbox.storages.acquire(request.storages, { containerId, signal });
  undo.defer(() => sandbox.storages.release(storages));
  signal.throwIfAborted();

  const isFirst = sandbox.containers.all.length === 0;
  const faithful = keepReadOnly(withDevices, await components.mounter.list());
  const placed = placeNamespaces(faithful, {
    shared: sandbox.sharedNamespaces,
    sandboxPidns: request.sandboxPidns,
    pidNamespace: isFirst ? undefined : joinablePidNamespace(sandbox),
    hasContainers: !isFirst,
  });
  const { spec: withoutAgentHooks, agentHooks } = splitHooks(placed, sandbox.guestHooks);
  await checkRequestedRoot(requested.root.path);
  const bundle = await createBundle(components, containerId, requested.root.path);
  undo.defer(() => bundle.remove());
  const { isInit, paths } = components;
  const placement = placeCgroup(containerId, requested.linux?.cgroupsPath, isInit, paths.cgroupParent);
  const resources = withoutAgentHooks.linux?.resources ?? {};
  const { strict, lenient } = sortResources(resources, cgroups.version);
  const effective = await withEffectiveProcess(withoutAgentHooks, request.stringUser, bundle.rootfs);
  const spec = withBundle(effective, bundle, placement.cgroupsPath, strict);
  await validateSpec(spec);
  if (spec.linux?.seccomp !== undefined && !(await runtime.features()).seccomp) {
    throw new AgentError(
      'invalid_spec',
      'the specification has seccomp filters, which this guest cannot apply',
    );
  }
  // On a host the network is not ours to change.
  await bundle.writeConfig(isInit ? await applyNetworkSysctls(spec) : spec);

  const init = await runtime.create({
    containerId,
    bundleDir: bundle.dir,
    terminal: spec.process?.terminal === true,
    cgroupManager: placement.manager,
    signal,
  });
  const cgroup = cgroups.open(placement.path);
  const limited = { id: containerId, runtime, cgroup, cgroupVersion: cgroups.version, logger };
  const { poststart, poststop } = agentHooks;
  const container = new Container({
    ...limited,
    ...{ spec, resources, init, bundle, storages, pciAddresses, poststart, poststop, runHooks },
  });
  undo.defer(async () => {
    container.closeStreams();
    await container.destroy();
  });
  await applyLenientLimits(limited, lenient);
  undo.defer(() => releasePidNamespace(sandbox, container));
  if (isFirst) await sharePidNamespace(sandbox, container, components);
  await runHooks('prestart', agentHooks.prestart, {
    ociVersion: spec.ociVersion,
    id: containerId,
    status: 'created',
    pid: init.pid,
    bundle: bundle.dir,
    annotations: spec.annotations ?? {},
  });
  await attachSharedMounts(components, sandbox.containers.all, container, request.sharedMounts, signal);
  signal.throwIfAborted();
  undo.move();
  return container;
}

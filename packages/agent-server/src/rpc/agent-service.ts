// SPDX-License-Identifier: Apache-2.0
import { AgentServiceDefinition, type AgentServiceImplementation } from '@hako/protocols/agent';
import { ServerError, Status } from 'nice-grpc-common';
import { addArpNeighbors } from './add-arp-neighbors.ts';
import { addSwapPath } from './add-swap-path.ts';
import { addSwap } from './add-swap.ts';
import { closeStdin } from './close-stdin.ts';
import { copyFileRpc } from './copy-file.ts';
import { createContainer } from './create-container.ts';
import { createSandbox } from './create-sandbox.ts';
import { destroySandbox } from './destroy-sandbox.ts';
import { answerToError } from './error-answer.ts';
import { execProcess } from './exec-process.ts';
import { type RpcGate, silentlyRefused } from './gate.ts';
import { getDiagnosticData } from './get-diagnostic-data.ts';
import { getGuestDetails } from './get-guest-details.ts';
import { getIpTables } from './get-ip-tables.ts';
import { getMetrics } from './get-metrics.ts';
import { getOOMEvent } from './get-oom-event.ts';
import { getVolumeStats } from './get-volume-stats.ts';
import { listInterfaces } from './list-interfaces.ts';
import { listRoutes } from './list-routes.ts';
import { memAgentCompactSet } from './mem-agent-compact-set.ts';
import { memAgentMemcgSet } from './mem-agent-memcg-set.ts';
import { memHotplugByProbe } from './mem-hotplug-by-probe.ts';
import { onlineCPUMem } from './online-cpu-mem.ts';
import { pauseContainer } from './pause-container.ts';
import { readStderr } from './read-stderr.ts';
import { readStdout } from './read-stdout.ts';
import { removeContainer } from './remove-container.ts';
import { removeStaleVirtiofsShareMounts } from './remove-stale-virtiofs-share-mounts.ts';
import { reseedRandomDev } from './reseed-random-dev.ts';
import { resizeVolumeRpc } from './resize-volume.ts';
import { resumeContainer } from './resume-container.ts';
import type { HandlerFactory, MethodName, RpcCall, RpcContext } from './rpc-context.ts';
import { setGuestDateTime } from './set-guest-date-time.ts';
import { setPolicy } from './set-policy.ts';
import { setIpTables } from './set-ip-tables.ts';
import { signalProcess } from './signal-process.ts';
import { startContainer } from './start-container.ts';
import { statsContainer } from './stats-container.ts';
import { ttyWinResize } from './tty-win-resize.ts';
import { updateContainer } from './update-container.ts';
import { updateEphemeralMounts } from './update-ephemeral-mounts.ts';
import { updateInterface } from './update-interface.ts';
import { updateRoutes } from './update-routes.ts';
import { waitProcess } from './wait-process.ts';
import { writeStdin } from './write-stdin.ts';

/** The methods this agent has; every other one of the descriptor answers UNIMPLEMENTED. */
export const agentHandlers = {
  createContainer,
  startContainer,
  removeContainer,
  execProcess,
  signalProcess,
  waitProcess,
  updateContainer,
  statsContainer,
  pauseContainer,
  resumeContainer,
  getOOMEvent,
  writeStdin,
  readStdout,
  readStderr,
  closeStdin,
  ttyWinResize,
  createSandbox,
  destroySandbox,
  getGuestDetails,
  onlineCPUMem,
  memHotplugByProbe,
  setGuestDateTime,
  reseedRandomDev,
  copyFile: copyFileRpc,
  getVolumeStats,
  resizeVolume: resizeVolumeRpc,
  addSwap,
  addSwapPath,
  updateEphemeralMounts,
  removeStaleVirtiofsShareMounts,
  updateInterface,
  updateRoutes,
  listInterfaces,
  listRoutes,
  addARPNeighbors: addArpNeighbors,
  getIPTables: getIpTables,
  setIPTables: setIpTables,
  getDiagnosticData,
  getMetrics,
  memAgentCompactSet,
  memAgentMemcgSet,
  setPolicy,
} as const satisfies { readonly [Name in MethodName]?: HandlerFactory<Name> };

type AnyHandler = (request: unknown, call: RpcCall) => Promise<unknown>;

function handlerOf(name: MethodName, context: RpcContext): AnyHandler | undefined {
  const factories: Readonly<Partial<Record<MethodName, unknown>>> = agentHandlers;
  const factory = factories[name];
  if (typeof factory !== 'function') return undefined;
  // The table above has been checked method by method; here only its common shape is left.
  // eslint-disable-next-line @typescript-eslint/consistent-type-assertions -- see above
  return Reflect.apply(factory, undefined, [context]) as AnyHandler;
}

/**
 * The agent's service: for each method of the descriptor its handler behind the gate, errors translated once.
 */
export function createAgentService(context: RpcContext, gate: RpcGate): AgentServiceImplementation {
  const { logger, tracer } = context.components;
  const { callDurations } = context;

  async function refusalOf(method: MethodName, request: unknown): Promise<Error | undefined> {
    try {
      await gate({ method, request });
      return undefined;
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  }

  function implement(method: MethodName, wireName: string): AnyHandler {
    const handler = handlerOf(method, context);

    async function answer(request: unknown, call: RpcCall): Promise<unknown> {
      try {
        const refusal = await refusalOf(method, request);
        if (refusal !== undefined && !silentlyRefused.has(method)) throw refusal;
        if (handler === undefined)
          throw new ServerError(Status.UNIMPLEMENTED, `${wireName} is not implemented`);
        const reply = await handler(request, call);
        return refusal === undefined ? reply : { data: new Uint8Array() };
      } catch (error) {
        // The client has gone or has been answered already; what is thrown reaches nobody.
        if (call.signal.aborted) throw error;
        throw answerToError(error, { method, wireName }, logger);
      }
    }

    return async (request, call) => {
      const beganAtMs = performance.now();
      try {
        if (tracer === undefined) return await answer(request, call);
        return await tracer.trace(wireName, call.metadata, () => answer(request, call));
      } finally {
        callDurations.add(wireName, performance.now() - beganAtMs);
      }
    };
  }

  const implementation: Partial<Record<MethodName, AnyHandler>> = {};
  for (const [name, { name: wireName }] of Object.entries(AgentServiceDefinition.methods)) {
    // eslint-disable-next-line @typescript-eslint/consistent-type-assertions -- Object.entries forgets that keys are method names
    const method = name as MethodName;
    implementation[method] = implement(method, wireName);
  }
  // eslint-disable-next-line @typescript-eslint/consistent-type-assertions -- the loop has filled in every method of the descriptor
  return implementation as AgentServiceImplementation;
}

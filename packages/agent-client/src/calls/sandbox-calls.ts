// SPDX-License-Identifier: Apache-2.0
import type {
  CreateSandboxRequest,
  DeepPartial,
  OOMEvent,
  SetPolicyRequest,
  UpdateEphemeralMountsRequest,
} from '@hako/protocols/agent';
import type { HealthCheckResponse, VersionCheckResponse } from '@hako/protocols/health';
import type { Empty } from '@hako/protocols/empty';
import type { AgentCallOptions, Caller } from '../caller.ts';

/** Calls on the sandbox as a whole. Each rejects with `AgentClientError`. */
export interface SandboxCalls {
  /** Asks whether the agent serves. Deadline: `checkMs`. */
  check(options?: AgentCallOptions): Promise<HealthCheckResponse>;
  /** Asks for the versions of interface and agent. */
  version(options?: AgentCallOptions): Promise<VersionCheckResponse>;
  /** Sets up what all containers share. */
  createSandbox(request: DeepPartial<CreateSandboxRequest>, options?: AgentCallOptions): Promise<Empty>;
  /** Destroys all containers; the agent, and with it the virtual machine, ends after the answer. */
  destroySandbox(options?: AgentCallOptions): Promise<Empty>;
  /** Replaces the policy; NOT_FOUND from an agent that is built without policies. */
  setPolicy(request: DeepPartial<SetPolicyRequest>, options?: AgentCallOptions): Promise<Empty>;
  /** Mounts ephemeral storages anew; UNIMPLEMENTED from agents before release 3.2. */
  updateEphemeralMounts(
    request: DeepPartial<UpdateEphemeralMountsRequest>,
    options?: AgentCallOptions,
  ): Promise<Empty>;
  /** Drops stale mounts of the shared directory; to be sent at every stop of a container. */
  removeStaleVirtiofsShareMounts(options?: AgentCallOptions): Promise<Empty>;
  /** Waits, without deadline, until a container was hit by the out-of-memory killer. */
  getOOMEvent(options?: AgentCallOptions): Promise<OOMEvent>;
}

/** Makes the {@link SandboxCalls} of a caller. */
export function sandboxCalls(call: Caller): SandboxCalls {
  return {
    check: (options) => call('CheckRequest', options, ({ health }, o) => health.check({}, o)),
    version: (options) => call('VersionRequest', options, ({ health }, o) => health.version({}, o)),
    createSandbox: (request, options) =>
      call('CreateSandboxRequest', options, ({ agent }, o) => agent.createSandbox(request, o)),
    destroySandbox: (options) =>
      call('DestroySandboxRequest', options, ({ agent }, o) => agent.destroySandbox({}, o)),
    setPolicy: (request, options) =>
      call('SetPolicyRequest', options, ({ agent }, o) => agent.setPolicy(request, o)),
    updateEphemeralMounts: (request, options) =>
      call('UpdateEphemeralMountsRequest', options, ({ agent }, o) =>
        agent.updateEphemeralMounts(request, o),
      ),
    removeStaleVirtiofsShareMounts: (options) =>
      call('RemoveStaleVirtiofsShareMountsRequest', options, ({ agent }, o) =>
        agent.removeStaleVirtiofsShareMounts({}, o),
      ),
    getOOMEvent: (options) => call('GetOOMEventRequest', options, ({ agent }, o) => agent.getOOMEvent({}, o)),
  };
}

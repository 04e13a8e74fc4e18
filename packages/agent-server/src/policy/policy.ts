// SPDX-License-Identifier: Apache-2.0
import { AgentServiceDefinition } from '@hako/protocols/agent';
import { ServerError, Status } from 'nice-grpc-common';
import { describeError } from '../errors/describe-error.ts';
import type { Logger } from '../logging/logger.ts';
import type { RpcGate } from '../rpc/gate.ts';
import type { CompilePolicy, PolicyEngine } from './policy-engine.ts';

/** Decides which calls are answered. Until there is a policy, all are. */
export interface Policy {
  /** Refuses with PERMISSION_DENIED what the policy does not allow, with INTERNAL what it cannot decide about. */
  readonly gate: RpcGate;
  /**
   * Puts a policy in force in the place of the one before, whose state is lost.
   *
   * @param source - Rego
   * @throws ServerError INVALID_ARGUMENT for a text that is no policy; the old one stays
   */
  set(source: string): Promise<void>;
}

/** What a {@link createPolicy} needs. */
export interface PolicyOptions {
  /** Loads the engine, when the first policy is set. */
  readonly loadEngine: () => Promise<CompilePolicy>;
  readonly logger: Logger;
  /** Takes lines about requests that were decided. Default: nobody. */
  readonly note?: (line: string) => void;
}

/** The request as it came; its type belongs to its method, which the compiler cannot know. */
function encode(type: object, request: unknown): Uint8Array {
  const encoder: unknown = Reflect.get(type, 'encode');
  if (typeof encoder !== 'function') throw new TypeError('the type of a request has no encoder');
  // eslint-disable-next-line @typescript-eslint/consistent-type-assertions -- generated encoders answer with a writer
  return (Reflect.apply(encoder, type, [request]) as { finish(): Uint8Array }).finish();
}

/** A {@link Policy} that allows everything. */
export function createPolicy({ loadEngine, logger, note }: PolicyOptions): Policy {
  let engine: PolicyEngine | undefined;

  function check(method: keyof typeof AgentServiceDefinition.methods, request: unknown): void {
    if (engine === undefined) return;
    const { name, requestType } = AgentServiceDefinition.methods[method];
    const bytes = encode(requestType, request);
    let decision;
    try {
      decision = engine.decide(name, bytes);
    } catch (error) {
      logger.warn({ method: name, error }, 'policy cannot decide');
      throw new ServerError(Status.INTERNAL, `${name}: policy cannot decide: ${describeError(error)}`);
    }
    if (note !== undefined && decision.note !== undefined) note(decision.note());
    if (decision.allowed) return;
    const { rule, reason } = decision;
    logger.warn({ rule, reason }, 'call is blocked by policy');
    throw new ServerError(Status.PERMISSION_DENIED, `${rule} is blocked by policy: ${reason}`);
  }

  return {
    gate: ({ method, request }) => Promise.try(() => check(method, request)),
    async set(source) {
      const compile = await loadEngine();
      try {
        engine = compile(source);
      } catch (error) {
        throw new ServerError(Status.INVALID_ARGUMENT, describeError(error));
      }
    },
  };
}

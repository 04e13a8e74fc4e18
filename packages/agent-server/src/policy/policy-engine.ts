// SPDX-License-Identifier: Apache-2.0

/** What a policy says about a request. */
export interface PolicyDecision {
  /** Name of the rule that was asked: that of the request's message. */
  readonly rule: string;
  readonly allowed: boolean;
  /** What the rule has printed. */
  readonly reason: string;
  /** A line about the request for the log of decisions; absent for what is asked too often. */
  readonly note?: () => string;
}

/** A policy in force. It keeps a state of its own, which rules may change. */
export interface PolicyEngine {
  /**
   * Decides about a request.
   *
   * @param method - name on the wire, such as `CreateContainer`
   * @param encoded - the request as a protobuf message
   * @throws Error when the policy has no rule for it or the rule fails
   */
  decide(method: string, encoded: Uint8Array): PolicyDecision;
}

/**
 * Makes an engine of a policy's text.
 *
 * @throws Error when the text is no policy
 */
export type CompilePolicy = (source: string) => PolicyEngine;

// SPDX-License-Identifier: Apache-2.0
import { AgentClientError } from '../agent-client-error.ts';

/** What a sandbox's configuration says about its agent. */
export interface AgentConfig {
  /** Whether the connection stays open between requests. Default true, as Kata's configuration file has it. */
  readonly longLiveConn?: boolean;
  /** Kernel modules with their parameters, such as `e1000e InterruptThrottleRate=3000,3000`. */
  readonly kernelModules?: readonly string[];
  /** Milliseconds until a connection exists. Default 30 s. */
  readonly dialTimeoutMs?: number;
  /** Milliseconds that CreateContainer may take. Default 60 s. */
  readonly createContainerTimeoutMs?: number;
  /** Whether the agent records spans: it must then be left the time to send them before its machine goes. */
  readonly trace?: boolean;
  /** Rego text that the agent is given before anything else. */
  readonly policy?: string;
}

/** A kernel module to load in the guest. */
export interface KernelModule {
  readonly name: string;
  readonly parameters: string[];
}

/** Reads kernel modules: the first word is the name, the others are parameters; blank texts are skipped. */
export function parseKernelModules(texts: readonly string[]): KernelModule[] {
  return texts.flatMap((text) => {
    const [name, ...parameters] = text.split(/\s+/).filter((word) => word !== '');
    return name === undefined ? [] : [{ name, parameters }];
  });
}

/** Most bytes of a host name: HOST_NAME_MAX of gethostname(2). */
const maxHostnameBytes = 64;

/** Cuts a host name to what Linux takes, without cutting a character in two. */
export function fitHostname(hostname: string): string {
  let fitting = '';
  for (const character of hostname) {
    if (Buffer.byteLength(fitting + character) > maxHostnameBytes) break;
    fitting += character;
  }
  return fitting;
}

/** Checks a timeout that a configuration gives. Throws `invalid_request` unless it is above 0. */
export function checkTimeout(name: keyof AgentConfig, ms: number | undefined): number | undefined {
  if (ms === undefined || ms > 0) return ms;
  throw new AgentClientError('invalid_request', `${name} must be above 0, not ${ms}`);
}

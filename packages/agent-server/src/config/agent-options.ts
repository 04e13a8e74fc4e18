// SPDX-License-Identifier: Apache-2.0
import type { LogLevel } from '../logging/json-logger.ts';

/** Which helper programs of a confidential guest to start; each level includes those before it. */
export const guestComponentsProcs = [
  'none',
  'attestation-agent',
  'confidential-data-hub',
  'api-server-rest',
] as const;
/** One of {@link guestComponentsProcs}. */
export type GuestComponentsProcs = (typeof guestComponentsProcs)[number];

/** Which part of the REST interface of a confidential guest to offer. */
export const guestComponentsRestApis = ['all', 'attestation', 'resource'] as const;
/** One of {@link guestComponentsRestApis}. */
export type GuestComponentsRestApi = (typeof guestComponentsRestApis)[number];

/** Settings of the memory agent; kept for hosts that send them. */
export interface MemoryAgentOptions {
  readonly memcgDisable: boolean;
  readonly memcgSwap: boolean;
  readonly memcgSwappinessMax: number;
  readonly memcgPeriodSecs: bigint;
  readonly memcgPeriodPsiPercentLimit: number;
  readonly memcgEvictionPsiPercentLimit: number;
  readonly memcgEvictionRunAgingCountMin: bigint;
  readonly compactDisable: boolean;
  readonly compactPeriodSecs: bigint;
  readonly compactPeriodPsiPercentLimit: number;
  readonly compactPsiPercentLimit: number;
  readonly compactSecMax: bigint;
  readonly compactOrder: number;
  readonly compactThreshold: bigint;
  readonly compactForceTimes: bigint;
}

/** Everything that can be set from outside. Source of names, checks and defaults: the options of Kata's agent. */
export interface AgentOptions {
  /** Offer a root shell; default false. */
  readonly debugConsole: boolean;
  /** Read for compatibility, no effect. */
  readonly devMode: boolean;
  /** Record spans; default false. */
  readonly tracing: boolean;
  /** Default `info`. */
  readonly logLevel: LogLevel;
  /** Where the RPC server listens; default `vsock://-1:1024`. */
  readonly serverAddr: string;
  /** Where the same services are offered over gRPC: `unix://PATH` or `tcp://IP:PORT`; empty, the default, is nowhere. */
  readonly grpcAddr: string;
  /** How long to wait for a device to appear; default 3,000. */
  readonly hotplugTimeoutMs: number;
  /** Limit of a call to the confidential data hub; default 50,000. */
  readonly cdhApiTimeoutMs: number;
  /** Limit of an image pull in the guest; default 1,200,000. */
  readonly imagePullTimeoutMs: number;
  /** How long to wait for CDI files; default 100,000. */
  readonly cdiTimeoutMs: number;
  /** How long to wait for a helper program's socket; default 6,000. */
  readonly launchProcessTimeoutMs: number;
  /** Honour `VISIBLE_CDI_DEVICES`; default false. */
  readonly visibleCdiDevices: boolean;
  /** vsock port of the debug console; 0 = on `/dev/console`. */
  readonly debugConsoleVport: number;
  /** vsock port of the log; 0 = standard output. */
  readonly logVport: number;
  /** vsock port of pass-fd connections; 0 = off. */
  readonly passfdListenerPort: number;
  /** Capacity of a container's pipes; 0 = the kernel's default. */
  readonly containerPipeSizeBytes: number;
  /** `all` asks for cgroup v2; other texts have no effect. */
  readonly cgroupNoV1: string;
  /** Ask for cgroup v2; default false. */
  readonly unifiedCgroupHierarchy: boolean;
  /** Read for compatibility, no effect. */
  readonly httpsProxy: string;
  /** Read for compatibility, no effect. */
  readonly noProxy: string;
  /** Default `resource`. */
  readonly guestComponentsRestApi: GuestComponentsRestApi;
  /** Default `api-server-rest`. */
  readonly guestComponentsProcs: GuestComponentsProcs;
  /** Default true. */
  readonly secureStorageIntegrity: boolean;
  /** Policy to load at start; empty = the built-in one. */
  readonly policyFile: string;
  /** Undefined = the memory agent is off, which is the default. */
  readonly memAgent: MemoryAgentOptions | undefined;
}

/** While options are being read they can be written. */
export type OptionsDraft = {
  -readonly [Key in keyof AgentOptions]: Key extends 'memAgent'
    ? MemoryAgentDraft | undefined
    : AgentOptions[Key];
};
/** As {@link OptionsDraft}. */
export type MemoryAgentDraft = { -readonly [Key in keyof MemoryAgentOptions]: MemoryAgentOptions[Key] };

/** The options of an agent that was told nothing. */
export function defaultOptions(): OptionsDraft {
  return {
    debugConsole: false,
    devMode: false,
    tracing: false,
    logLevel: 'info',
    serverAddr: 'vsock://-1:1024',
    grpcAddr: '',
    hotplugTimeoutMs: 3_000,
    cdhApiTimeoutMs: 50_000,
    imagePullTimeoutMs: 1_200_000,
    cdiTimeoutMs: 100_000,
    launchProcessTimeoutMs: 6_000,
    visibleCdiDevices: false,
    debugConsoleVport: 0,
    logVport: 0,
    passfdListenerPort: 0,
    containerPipeSizeBytes: 0,
    cgroupNoV1: '',
    unifiedCgroupHierarchy: false,
    httpsProxy: '',
    noProxy: '',
    guestComponentsRestApi: 'resource',
    guestComponentsProcs: 'api-server-rest',
    secureStorageIntegrity: true,
    policyFile: '',
    memAgent: undefined,
  };
}

/** The memory agent's settings when it has only been switched on. */
export function defaultMemoryAgentOptions(): MemoryAgentDraft {
  return {
    memcgDisable: false,
    memcgSwap: false,
    memcgSwappinessMax: 50,
    memcgPeriodSecs: 600n,
    memcgPeriodPsiPercentLimit: 1,
    memcgEvictionPsiPercentLimit: 1,
    memcgEvictionRunAgingCountMin: 3n,
    compactDisable: false,
    compactPeriodSecs: 600n,
    compactPeriodPsiPercentLimit: 1,
    compactPsiPercentLimit: 5,
    compactSecMax: 300n,
    compactOrder: 9,
    compactThreshold: 1024n,
    compactForceTimes: 2n ** 63n - 1n,
  };
}

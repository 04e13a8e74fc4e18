// SPDX-License-Identifier: Apache-2.0
export { type Agent, createAgent } from './agent.ts';
export type { AgentComponents } from './agent-components.ts';
export { AgentError, type AgentErrorCode } from './errors/agent-error.ts';
export type { AgentOptions } from './config/agent-options.ts';
export { defaultOptions } from './config/agent-options.ts';
export { loadOptions, type OptionSources } from './config/load-options.ts';
export { createLinuxComponents, type LinuxComponentsOptions } from './linux-components.ts';
export { createJsonLogger, type JsonLoggerOptions, type LogLevel } from './logging/json-logger.ts';
export type { Logger } from './logging/logger.ts';
export { type AgentPaths, type AgentPathsOptions, createAgentPaths } from './paths/agent-paths.ts';
export type { RpcGate } from './rpc/gate.ts';
export type { CreateRequest, ExecRequest, OciRuntime, RuntimeProcess } from './runtime/oci-runtime.ts';
export { createAgentServer } from './server/agent-server.ts';
export { agentVersion } from './version.ts';

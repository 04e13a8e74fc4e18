// SPDX-License-Identifier: Apache-2.0

/**
 * Ports of the guest's vsock address, one per service of the agent.
 *
 * `rpc` is the ttRPC server; `log`, `debugConsole` and `passFd` exist only when the kernel parameters ask for them.
 * Source: Kata Containers' agent and runtime, which agree on these numbers by convention.
 */
export const agentPorts = {
  rpc: 1024,
  log: 1025,
  debugConsole: 1026,
  passFd: 1027,
} as const;

/** Port on the host (CID 2) to which the agent sends finished trace spans. */
export const traceExportPort = 10240;

// SPDX-License-Identifier: Apache-2.0
import type { MethodName } from './rpc-context.ts';

/**
 * Decides about a call before its handler runs; throws to refuse it. Every method of the agent's service passes it, those
 * that are not implemented included.
 */
export type RpcGate = (call: { readonly method: MethodName; readonly request: unknown }) => Promise<void>;

/**
 * Calls that a client makes over and over: upstream answers them with nothing when they are refused, after reading what
 * there was, so that a process whose output nobody may see does not stand still.
 */
export const silentlyRefused: ReadonlySet<MethodName> = new Set<MethodName>(['readStdout', 'readStderr']);

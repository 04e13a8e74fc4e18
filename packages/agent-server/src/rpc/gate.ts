// SPDX-License-Identifier: Apache-2.0
import type { MethodName } from './rpc-context.ts';

/**
 * Decides about a call before its handler runs; throws to refuse it. Every method of the agent's service passes it, those
 * that are not implemented included.
 */
export type RpcGate = (call: { readonly method: MethodName; readonly request: unknown }) => Promise<void>;

/** Lets everything pass. */
export const allowAll: RpcGate = () => Promise.resolve();

// SPDX-License-Identifier: Apache-2.0
import type { DeepPartial, Storage } from '@hako/protocols/agent';

/** A storage as it is sent to the agent. */
export type WireStorage = DeepPartial<Storage>;

/** One with a place in the guest. */
export type PlacedStorage = WireStorage & { readonly mountPoint: string };

// SPDX-License-Identifier: Apache-2.0
import type { MemoryAgentDraft } from './agent-options.ts';
import { integerBetween, strictBoolean } from './option-values.ts';

type Setter = (draft: MemoryAgentDraft, name: string, text: string) => void;

const u8 = (name: string, text: string) => Number(integerBetween(name, text, 0n, 255n));
const u64 = (name: string, text: string) => integerBetween(name, text, 0n, 2n ** 64n - 1n);
const i64 = (name: string, text: string) => integerBetween(name, text, -(2n ** 63n), 2n ** 63n - 1n);

/** What each `mem_agent_…` key sets; the same keys exist as kernel words and in TOML. */
export const memoryAgentSetters: ReadonlyMap<string, Setter> = new Map<string, Setter>([
  ['mem_agent_memcg_disable', (draft, name, text) => (draft.memcgDisable = strictBoolean(name, text))],
  ['mem_agent_memcg_swap', (draft, name, text) => (draft.memcgSwap = strictBoolean(name, text))],
  ['mem_agent_memcg_swappiness_max', (draft, name, text) => (draft.memcgSwappinessMax = u8(name, text))],
  ['mem_agent_memcg_period_secs', (draft, name, text) => (draft.memcgPeriodSecs = u64(name, text))],
  [
    'mem_agent_memcg_period_psi_percent_limit',
    (draft, name, text) => (draft.memcgPeriodPsiPercentLimit = u8(name, text)),
  ],
  [
    'mem_agent_memcg_eviction_psi_percent_limit',
    (draft, name, text) => (draft.memcgEvictionPsiPercentLimit = u8(name, text)),
  ],
  [
    'mem_agent_memcg_eviction_run_aging_count_min',
    (draft, name, text) => (draft.memcgEvictionRunAgingCountMin = u64(name, text)),
  ],
  ['mem_agent_compact_disable', (draft, name, text) => (draft.compactDisable = strictBoolean(name, text))],
  ['mem_agent_compact_period_secs', (draft, name, text) => (draft.compactPeriodSecs = u64(name, text))],
  [
    'mem_agent_compact_period_psi_percent_limit',
    (draft, name, text) => (draft.compactPeriodPsiPercentLimit = u8(name, text)),
  ],
  [
    'mem_agent_compact_psi_percent_limit',
    (draft, name, text) => (draft.compactPsiPercentLimit = u8(name, text)),
  ],
  ['mem_agent_compact_sec_max', (draft, name, text) => (draft.compactSecMax = i64(name, text))],
  ['mem_agent_compact_order', (draft, name, text) => (draft.compactOrder = u8(name, text))],
  ['mem_agent_compact_threshold', (draft, name, text) => (draft.compactThreshold = u64(name, text))],
  ['mem_agent_compact_force_times', (draft, name, text) => (draft.compactForceTimes = u64(name, text))],
]);

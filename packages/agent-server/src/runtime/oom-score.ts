// SPDX-License-Identifier: Apache-2.0
import { readFileSync, writeFileSync } from 'node:fs';
import type { OciInteger } from '@hako/protocols';

const ownScoreFile = '/proc/self/oom_score_adj';

/**
 * Starts a process that has a place in the order of the OOM killer from its first moment on: children begin with that of
 * their parent, which the agent therefore takes for as long as the start takes. Source: proc(5).
 *
 * @param score - undefined: the agent's own
 */
export function startWithOomScore<Started>(score: OciInteger | undefined, start: () => Started): Started {
  if (score === undefined) return start();
  const own = readFileSync(ownScoreFile, 'utf8');
  writeFileSync(ownScoreFile, score.toString());
  try {
    return start();
  } finally {
    writeFileSync(ownScoreFile, own);
  }
}

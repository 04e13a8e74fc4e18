// SPDX-License-Identifier: Apache-2.0
import { constants, openSync, writeSync } from 'node:fs';

/** Where the requests are noted that a policy was asked about. Source: Kata's agent. */
export const decisionLogPath = '/tmp/policy.jsonl';

/** Requests are seldom large; a log beyond this is no help in finding a mistake. */
const defaultMaxBytes = 64 * 1024 * 1024;

/**
 * Notes requests for whoever writes a policy, one JSON object per line. The file is begun anew with the first line, is
 * readable by root only, and is never a link. When it is full, or cannot be written, lines are dropped.
 */
export function createDecisionLog(
  path: string = decisionLogPath,
  maxBytes: number = defaultMaxBytes,
): (line: string) => void {
  const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW } = constants;
  let fd: number | undefined;
  let bytesLeft = maxBytes;
  return (line) => {
    bytesLeft -= Buffer.byteLength(line);
    if (bytesLeft < 0) return;
    try {
      fd ??= openSync(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0o600);
      writeSync(fd, line);
    } catch {
      bytesLeft = 0;
    }
  };
}

// SPDX-License-Identifier: Apache-2.0
import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { KvmVerdict } from './accelerator.ts';

/** Where verdicts are kept by default: `$HAKO_CACHE_DIR`, else `~/.cache/hako`. */
export function defaultCacheDir(env: NodeJS.ProcessEnv = process.env): string {
  const chosen = env['HAKO_CACHE_DIR'];
  return chosen === undefined || chosen === '' ? join(homedir(), '.cache', 'hako') : chosen;
}

/** What a verdict holds for: one boot of the host and one QEMU. */
export interface VerdictKey {
  readonly bootId: string;
  readonly qemuPath: string;
}

/** Remembers the verdict on KVM until the host boots again. Losing it costs one probe, so it never fails a caller. */
export class VerdictCache {
  readonly #directory: string;
  readonly #path: string;

  constructor(directory: string) {
    this.#directory = directory;
    this.#path = join(directory, 'kvm-verdict.json');
  }

  /** The verdict for exactly this key, if one can be read. */
  async read(key: VerdictKey): Promise<KvmVerdict | undefined> {
    try {
      const kept: unknown = JSON.parse(await readFile(this.#path, 'utf8'));
      return isEntry(kept) && kept.bootId === key.bootId && kept.qemuPath === key.qemuPath
        ? kept.verdict
        : undefined;
    } catch {
      // Missing, cut short or not ours: probe again.
      return undefined;
    }
  }

  /** Replaces the verdict in one step; answers whether it could. */
  async write(key: VerdictKey, verdict: KvmVerdict): Promise<boolean> {
    const draft = `${this.#path}.${randomUUID()}`;
    try {
      await mkdir(this.#directory, { recursive: true, mode: 0o700 });
      await writeFile(draft, `${JSON.stringify({ ...key, verdict })}\n`, { mode: 0o600, flag: 'wx' });
      await rename(draft, this.#path);
      return true;
    } catch {
      // Where there is no directory there is no draft either.
      await rm(draft, { force: true }).catch(() => undefined);
      return false;
    }
  }
}

/** Identity of the host's present boot (random(4)); a fresh value where there is none, so that nothing matches. */
export async function readBootId(): Promise<string> {
  try {
    return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
  } catch {
    return randomUUID();
  }
}

function isEntry(value: unknown): value is VerdictKey & { readonly verdict: KvmVerdict } {
  if (typeof value !== 'object' || value === null) return false;
  if (!('bootId' in value && 'qemuPath' in value && 'verdict' in value)) return false;
  const { verdict } = value;
  if (typeof verdict !== 'object' || verdict === null || !('usable' in verdict)) return false;
  return (
    verdict.usable === true ||
    (verdict.usable === false && 'reason' in verdict && typeof verdict.reason === 'string')
  );
}

// SPDX-License-Identifier: Apache-2.0
import { type LibcBackend, loadLibc } from '../ffi/libc.ts';
import { LinuxError } from '../linux-error.ts';

/** Both backends, for test tables. One that this runtime lacks is listed with `missing` and skipped by name. */
export const backends = (['node:ffi', 'koffi'] as const).map((name) => ({
  name,
  missing: !isAvailable(name),
  title: isAvailable(name) ? name : `${name} (skipped: not in node ${process.version})`,
  load: () => loadLibc({ backend: name }),
}));

function isAvailable(backend: LibcBackend): boolean {
  try {
    loadLibc({ backend });
    return true;
  } catch (error) {
    if (error instanceof LinuxError && error.code === 'backend_unavailable') return false;
    throw error;
  }
}

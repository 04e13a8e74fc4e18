// SPDX-License-Identifier: Apache-2.0

/** Far longer than anything takes here, also on a busy machine. */
const patienceMs = 10_000;

/** Waits for a promise, and fails when it does not settle: a hang is a finding. */
export async function within<Value>(what: string, promise: Promise<Value>): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} did not happen in ${patienceMs} ms`)), patienceMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Waits until a condition holds, looking once per turn of the event loop. */
export async function until(what: string, holds: () => boolean): Promise<void> {
  const patience = performance.now() + patienceMs;
  while (!holds()) {
    if (performance.now() > patience) throw new Error(`${what} did not happen in ${patienceMs} ms`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

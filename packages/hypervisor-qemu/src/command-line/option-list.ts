// SPDX-License-Identifier: Apache-2.0

/**
 * One QEMU option argument: `head,key=value,…`. A comma in a value is doubled, as QEMU's option parser wants it
 * (qemu(1), -blockdev and -chardev); keys whose value is `undefined` are left out.
 */
export function optionList(
  head: string,
  options: Readonly<Record<string, string | number | undefined>>,
): string {
  const parts = Object.entries(options)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key}=${String(value).replaceAll(',', ',,')}`);
  return [head, ...parts].join(',');
}

// SPDX-License-Identifier: Apache-2.0

type OptionValue = string | number | boolean | undefined;

/**
 * One QEMU option argument: `head,key=value,…`. A comma in a value is doubled, as QEMU's option parser wants it
 * (qemu(1), -blockdev and -chardev); switches are `on` or `off`; keys whose value is `undefined` are left out.
 */
export function optionList(head: string, options: Readonly<Record<string, OptionValue>>): string {
  const parts = Object.entries(options)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key}=${valueText(value)}`);
  return [head, ...parts].join(',');
}

function valueText(value: OptionValue): string {
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  return String(value).replaceAll(',', ',,');
}

// SPDX-License-Identifier: Apache-2.0

/** Labels of one value. */
export type MetricLabels = Readonly<Record<string, string>>;

/** One value of a family. */
export interface MetricSample {
  readonly labels?: MetricLabels;
  readonly value: number | bigint;
  /** Appended to the family's name, for the parts of a histogram. */
  readonly suffix?: '_bucket' | '_sum' | '_count';
}

/** Values that share a name. */
export interface MetricFamily {
  readonly name: string;
  readonly kind: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly samples: readonly MetricSample[];
}

const escapes: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '"': '\\"' };

/** Label values come from device and interface names; each may hold any byte. */
function escapeLabel(text: string): string {
  return text.replaceAll(/[\\\n"]/g, (character) => escapes[character] ?? character);
}

function sampleLine(family: string, { labels = {}, value, suffix }: MetricSample): string {
  const words = Object.entries(labels).map(([name, text]) => `${name}="${escapeLabel(text)}"`);
  const labelText = words.length === 0 ? '' : `{${words.join(',')}}`;
  return `${family}${suffix ?? ''}${labelText} ${value.toString()}\n`;
}

/**
 * Prometheus text exposition format 0.0.4. A family without values is left out.
 *
 * Written here because the libraries for it keep registries and default collectors alive from the start of the program,
 * and the agent only needs the text, seldom.
 */
export function formatExposition(families: readonly MetricFamily[]): string {
  return families
    .filter(({ samples }) => samples.length > 0)
    .map(
      ({ name, kind, help, samples }) =>
        `# HELP ${name} ${help}\n# TYPE ${name} ${kind}\n` +
        samples.map((sample) => sampleLine(name, sample)).join(''),
    )
    .join('');
}

/** A gauge whose values differ in one label, `item`; items without a value are left out. */
export function itemGauge(
  name: string,
  help: string,
  items: readonly (readonly [item: string, value: number | bigint | undefined])[],
): MetricFamily {
  const samples = items.flatMap(([item, value]) =>
    value === undefined ? [] : [{ labels: { item }, value }],
  );
  return { name, kind: 'gauge', help, samples };
}

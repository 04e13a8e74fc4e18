// SPDX-License-Identifier: Apache-2.0
import { ConfigurationError } from './configuration-error.ts';
import type { ConfigurationValue, KeyRule, SectionRules } from './keys/key-rule.ts';
import { sectionNames, sections, type SectionName } from './keys/sections.ts';
import type { FoundValue } from './parse-configuration.ts';

/** Where a value comes from. */
export type Origin =
  | { readonly kind: 'default' }
  | { readonly kind: 'file'; readonly file: string; readonly line?: number }
  | { readonly kind: 'annotation'; readonly annotation: string };

/** One key with its value. */
export interface Setting {
  readonly section: SectionName;
  readonly key: string;
  readonly value: ConfigurationValue;
  readonly origin: Origin;
  readonly rule: KeyRule;
}

/** Every key of every section with its value and where that comes from. Immutable. */
export class Configuration {
  readonly #settings: ReadonlyMap<string, Setting>;

  private constructor(settings: ReadonlyMap<string, Setting>) {
    this.#settings = settings;
  }

  /** What holds when nothing is said. */
  static defaults(): Configuration {
    const settings = new Map<string, Setting>();
    for (const section of sectionNames) {
      const rules: SectionRules = sections[section];
      for (const [key, rule] of Object.entries(rules))
        settings.set(`${section}.${key}`, {
          section,
          key,
          value: rule.missing,
          origin: { kind: 'default' },
          rule,
        });
    }
    return new Configuration(settings);
  }

  /** All settings, in the order of the sections. */
  get settings(): readonly Setting[] {
    return [...this.#settings.values()];
  }

  /** The same with some values replaced. */
  with(found: readonly FoundValue[], originOf: (found: FoundValue) => Origin): Configuration {
    const settings = new Map(this.#settings);
    for (const each of found) {
      const name = `${each.section}.${each.key}`;
      const present = settings.get(name);
      if (present !== undefined)
        settings.set(name, { ...present, value: each.value, origin: originOf(each) });
    }
    return new Configuration(settings);
  }

  /** Where a value comes from. Throws a TypeError for a key that there is not: that is a mistake of the program. */
  origin(section: SectionName, key: string): Origin {
    return this.#setting(section, key).origin;
  }

  /** A text. Throws a TypeError for a key of another type: that is a mistake of the program. */
  text(section: SectionName, key: string): string {
    const { value } = this.#setting(section, key);
    if (typeof value !== 'string') throw new TypeError(`${section}.${key} is no text`);
    return value;
  }

  /** A number; see {@link Configuration.text}. */
  number(section: SectionName, key: string): number {
    const { value } = this.#setting(section, key);
    if (typeof value !== 'number') throw new TypeError(`${section}.${key} is no number`);
    return value;
  }

  /** A switch; see {@link Configuration.text}. */
  switch(section: SectionName, key: string): boolean {
    const { value } = this.#setting(section, key);
    if (typeof value !== 'boolean') throw new TypeError(`${section}.${key} is no switch`);
    return value;
  }

  /** A list of texts; see {@link Configuration.text}. */
  list(section: SectionName, key: string): readonly string[] {
    const { value } = this.#setting(section, key);
    if (typeof value !== 'object') throw new TypeError(`${section}.${key} is no list`);
    return value.filter((each) => typeof each === 'string');
  }

  /**
   * Checks what no single key can tell. Error: `invalid_value`.
   */
  check(): void {
    if (
      this.switch('runtime', 'disable_new_netns') &&
      this.text('runtime', 'internetworking_model') !== 'none'
    ) {
      throw new ConfigurationError(
        'invalid_value',
        'runtime.disable_new_netns needs the internetworking_model "none"',
        { key: 'runtime.disable_new_netns' },
      );
    }
    const logical = this.number('hypervisor.qemu', 'block_device_logical_sector_size');
    const physical = this.number('hypervisor.qemu', 'block_device_physical_sector_size');
    if (logical > physical && physical !== 0) {
      throw new ConfigurationError('invalid_value', 'a logical sector is not larger than a physical one', {
        key: 'hypervisor.qemu.block_device_logical_sector_size',
      });
    }
    const plugsHot = this.text('hypervisor.qemu', 'hot_plug_vfio') !== 'no-port';
    const plugsCold = this.text('hypervisor.qemu', 'cold_plug_vfio') !== 'no-port';
    if (plugsHot && plugsCold) {
      throw new ConfigurationError(
        'invalid_value',
        'only one of hot_plug_vfio and cold_plug_vfio can be used',
        {
          key: 'hypervisor.qemu.cold_plug_vfio',
        },
      );
    }
  }

  #setting(section: SectionName, key: string): Setting {
    const setting = this.#settings.get(`${section}.${key}`);
    if (setting === undefined) throw new TypeError(`there is no key ${section}.${key}`);
    return setting;
  }
}

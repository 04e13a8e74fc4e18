// SPDX-License-Identifier: Apache-2.0
export { applyAnnotations } from './annotations/apply-annotations.ts';
export { ConfigurationError } from './configuration-error.ts';
export type { ConfigurationErrorCode, ConfigurationErrorPlace } from './configuration-error.ts';
export { Configuration } from './configuration.ts';
export type { Origin, Setting } from './configuration.ts';
export { effectOf, idleSettings } from './effect.ts';
export type { Effect, IdleSetting } from './effect.ts';
export { configurationSchema } from './json-schema.ts';
export type { IdleKey } from './keys/idle-keys.ts';
export type { ConfigurationValue, KeyRule, SectionRules } from './keys/key-rule.ts';
export type { SectionName } from './keys/sections.ts';
export { loadConfiguration } from './load-configuration.ts';
export type { FoundValue } from './parse-configuration.ts';

/** Processes of agents that hide what they are: observations, which bypass/ makes findings of. */
export { Disguises, type DisguiseStats } from './disguises.js';
export type { ParentImage } from './fileless.js';
export type { DisguiseRule, DisguiseStep, Observation } from './observation.js';

import {
  processId,
  type ExecEvent,
  type ImageFact,
  type Origin,
  type ProcessFact,
  type ProcessKey,
  type RenameEvent,
} from '../event/index.js';
import { type Agent, Disguises, type DisguiseStep, type Observation } from '../agent/index.js';
import type { Rooms } from './activity.js';
import type { Actors } from './actors.js';

/** What processes of agents look like, and what they are: the difference is a finding. */
export class Appearances {
  readonly #rooms: Rooms;
  readonly #actors: Actors;
  readonly #disguises = new Disguises();
  #unattributed = 0;

  constructor(rooms: Rooms, actors: Actors) {
    this.#rooms = rooms;
    this.#actors = actors;
  }

  exec(event: ExecEvent): void {
    const { exe } = this.#rooms.processes.describe(event.parent);
    const image = this.#disguises.imageOf(event.parent);
    this.#say(this.#disguises.exec(event, exe === '' ? null : { exe, image }));
  }

  rename(event: RenameEvent): void {
    this.#say(this.#disguises.rename(event));
  }

  flow(key: ProcessKey, origin: Origin): void {
    this.#say(this.#disguises.flow(key, origin));
  }

  tick(nowNs: bigint): void {
    this.#say(this.#disguises.tick(nowNs));
  }

  /** A process was looked up, or what a file holds. */
  looked(fact: ProcessFact | ImageFact): void {
    this.#say(this.#disguises.fact(fact));
  }

  exit(key: ProcessKey): void {
    this.#disguises.exit(key);
  }

  stats() {
    return { ...this.#disguises.stats(), unattributed: this.#unattributed };
  }

  /** A rule that names the root's file says how it is called. */
  #isAsConfigured({ rule, way, key }: Observation, agent: Agent): boolean {
    const isName = rule === 'agent.masquerade' && way === 'image';
    return isName && agent.isNamedByFile === true && processId(key) === processId(agent.root);
  }

  #say({ observations, commands }: DisguiseStep): void {
    const { bypass, output } = this.#rooms;
    output.command(...commands);
    for (const observation of observations) {
      const actor = this.#actors.ofProcess(observation.key);
      if (actor === null) this.#unattributed += 1;
      else if (!this.#isAsConfigured(observation, actor.agent))
        output.value(...bypass.disguise(observation, actor.agent, actor.process));
    }
  }
}

const OUTSTANDING_MAX = 256;
const WAITING_COST = 128;

/**
 * Which request a response answers. After a loss nothing is paired until a request follows an answer: a client that
 * does not pipeline asks again only when its last request was answered in full. A client seen to pipeline is not paired
 * again.
 */
export class Pairing {
  #waiting: { id: number; method: string }[] = [];
  #nextId = 1;
  #isCertain = true;
  #pipelines = false;
  /** Bytes came from the answering side since the last request or loss. */
  #answered = false;

  /** Bytes of memory, about. */
  get held(): number {
    return WAITING_COST * this.#waiting.length;
  }

  get isTunnelAsked(): boolean {
    return this.#waiting.some((request) => request.method === 'CONNECT');
  }

  /** A request; the answer is its id. */
  ask(method: string): number {
    const id = this.#nextId++;
    if (this.#isCertain) {
      this.#pipelines ||= this.#waiting.length > 0;
    } else if (!this.#answered) {
      this.#pipelines = true;
    } else if (!this.#pipelines) {
      this.#isCertain = true;
    }
    this.#answered = false;
    if (!this.#isCertain) return id;
    this.#waiting.push({ id, method });
    if (this.#waiting.length > OUTSTANDING_MAX) this.lose(true, false);
    return id;
  }

  /** The request the next response answers, null when that is not certain. */
  answer(): { id: number; method: string } | null {
    return this.#waiting.shift() ?? null;
  }

  answered(): void {
    this.#answered = true;
  }

  /** Messages of one side may have gone unseen. `mayReturn`: that side can be read again later. */
  lose(ofRequests: boolean, mayReturn: boolean): void {
    this.#waiting = [];
    this.#isCertain = false;
    if (ofRequests) this.#answered = false;
    if (!mayReturn) this.#pipelines = true;
  }
}

import {
  type DeliveryAnswer,
  decodeDelivery,
  encodeDelivery,
} from '../../src/clicks/shipping/delivery.ts';

/** A request on its way, and who waits for the answer. */
interface Request {
  readonly body: Uint8Array;
  readonly answer: (answer: DeliveryAnswer | undefined) => void;
}

interface Reply {
  readonly said: DeliveryAnswer | undefined;
  readonly answer: (answer: DeliveryAnswer | undefined) => void;
}

/** A network in which everything waits until somebody says what becomes of it, unless it is sound. */
export class SimulatedNetwork {
  /** Without faults, requests and replies arrive at once. */
  isSound = false;
  /** What is on its way in a sound network is lost once. */
  losesNext = false;
  /** Called when something is sent, and when it is answered. */
  onEvent: () => void = () => undefined;
  readonly #receive: (body: Uint8Array) => Promise<DeliveryAnswer | undefined>;
  readonly #sent: Uint8Array[] = [];
  readonly #requests: Request[] = [];
  readonly #replies: Reply[] = [];

  constructor(receive: (body: Uint8Array) => Promise<DeliveryAnswer | undefined>) {
    this.#receive = receive;
  }

  async send(body: Uint8Array): Promise<DeliveryAnswer | undefined> {
    this.#sent.push(body);
    this.onEvent();
    if (!this.isSound) {
      const { promise, resolve } = Promise.withResolvers<DeliveryAnswer | undefined>();
      this.#requests.push({ body, answer: resolve });
      return promise;
    }
    if (this.#takeLoss()) return undefined;
    const said = await this.#receive(body);
    this.onEvent();
    return this.#takeLoss() ? undefined : said;
  }

  deliver(at: number): void {
    const request = take(this.#requests, at);
    if (request === undefined) return;
    const { body, answer } = request;
    void this.#receive(body).then((said) => this.#replies.push({ said, answer }));
  }

  loseRequest(at: number): void {
    take(this.#requests, at)?.answer(undefined);
  }

  /** Something that was sent at any time arrives once more; nobody waits for the answer. */
  duplicate(at: number): void {
    const body = this.#sent[at % this.#sent.length];
    if (body !== undefined) void this.#receive(body);
  }

  /** Of one of the newest requests all but the first batch arrives, as if that was on another way. */
  overtake(at: number): void {
    const body = this.#sent.at(-1 - at);
    if (body === undefined) return;
    const { lostFrom, batches, ...rest } = decodeDelivery(body);
    void this.#receive(encodeDelivery({ ...rest, batches: batches.slice(1) }));
  }

  reply(at: number): void {
    const reply = take(this.#replies, at);
    reply?.answer(reply.said);
  }

  loseReply(at: number): void {
    take(this.#replies, at)?.answer(undefined);
  }

  #takeLoss(): boolean {
    const { losesNext } = this;
    this.losesNext = false;
    return losesNext;
  }

  /** How much is on its way. */
  get onTheWay(): number {
    return this.#requests.length + this.#replies.length;
  }
}

function take<T>(list: T[], at: number): T | undefined {
  return list.splice(at % Math.max(1, list.length), 1)[0];
}

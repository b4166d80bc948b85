/**
 * The checksum that LiteFS has in a position: each page's CRC-64 (ISO) over its number and its bytes, all combined by
 * XOR, with the highest bit set. So whoever has a file can tell at which position it is, and that no byte of it is
 * wrong.
 *
 * Source: LiteFS `db.go` (checksum, pageChecksum), ltx `checksum.go` (ChecksumPage).
 */
export class DatabaseChecksum {
  readonly #pageBytes: number;
  readonly #lockPage: number;
  readonly #state = new Int32Array(2);
  #page: number;
  #isBegun = false;
  #taken = 0;
  #low = 0;
  #high = 0;

  /** Bytes of a page, as the header of the file says; and the number of the first page that comes. */
  constructor(pageBytes: number, firstPage = 1) {
    this.#pageBytes = pageBytes;
    this.#page = firstPage;
    this.#lockPage = Math.floor(0x4000_0000 / pageBytes) + 1;
    this.#begin();
  }

  /** Takes the next bytes of the file, in pieces of any size. */
  update(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length) {
      const length = Math.min(bytes.length - at, this.#pageBytes - this.#taken);
      addBytes(this.#state, bytes, at, at + length);
      at += length;
      this.#taken += length;
      if (this.#taken === this.#pageBytes) this.#endPage();
    }
  }

  /** The checksum as LiteFS writes it; `undefined` when the bytes are no whole pages. */
  digest(): string | undefined {
    if (this.#taken !== 0 || !this.#isBegun) return undefined;
    const hex = (half: number) => (half >>> 0).toString(16).padStart(8, '0');
    return hex(this.#high | 0x8000_0000) + hex(this.#low);
  }

  #begin(): void {
    this.#state.fill(-1);
    const number = new Uint8Array(4);
    new DataView(number.buffer).setUint32(0, this.#page);
    addBytes(this.#state, number, 0, number.length);
  }

  #endPage(): void {
    // The page of SQLite's locks holds nothing.
    if (this.#page !== this.#lockPage) {
      this.#low ^= ~(this.#state[0] as number);
      this.#high ^= ~(this.#state[1] as number);
    }
    this.#page += 1;
    this.#taken = 0;
    this.#isBegun = true;
    this.#begin();
  }
}

/** The halves of eight tables of 256: what a byte does to the sum when n more bytes follow it. */
const lows = new Int32Array(8 * 256);
const highs = new Int32Array(8 * 256);
const polynomialHigh = 0xd800_0000 | 0;

for (let byte = 0; byte < 256; byte += 1) {
  let low = byte;
  let high = 0;
  for (let bit = 0; bit < 8; bit += 1) {
    const isOdd = (low & 1) === 1;
    low = (low >>> 1) | (high << 31);
    high >>>= 1;
    if (isOdd) high ^= polynomialHigh;
  }
  lows[byte] = low;
  highs[byte] = high;
}
for (let at = 256; at < lows.length; at += 1) {
  const low = lows[at - 256] as number;
  const high = highs[at - 256] as number;
  const index = low & 0xff;
  lows[at] = ((low >>> 8) | (high << 24)) ^ (lows[index] as number);
  highs[at] = (high >>> 8) ^ (highs[index] as number);
}

/** Eight bytes at a time: byte by byte it would take four times as long. */
function addBytes(state: Int32Array, bytes: Uint8Array, from: number, to: number): void {
  let low = state[0] as number;
  let high = state[1] as number;
  let at = from;
  for (; at + 8 <= to; at += 8) {
    const a = low ^ word(bytes, at);
    const b = high ^ word(bytes, at + 4);
    const i0 = 1792 + (a & 0xff);
    const i1 = 1536 + ((a >>> 8) & 0xff);
    const i2 = 1280 + ((a >>> 16) & 0xff);
    const i3 = 1024 + (a >>> 24);
    const i4 = 768 + (b & 0xff);
    const i5 = 512 + ((b >>> 8) & 0xff);
    const i6 = 256 + ((b >>> 16) & 0xff);
    const i7 = b >>> 24;
    low =
      (lows[i0] as number) ^
      (lows[i1] as number) ^
      (lows[i2] as number) ^
      (lows[i3] as number) ^
      (lows[i4] as number) ^
      (lows[i5] as number) ^
      (lows[i6] as number) ^
      (lows[i7] as number);
    high =
      (highs[i0] as number) ^
      (highs[i1] as number) ^
      (highs[i2] as number) ^
      (highs[i3] as number) ^
      (highs[i4] as number) ^
      (highs[i5] as number) ^
      (highs[i6] as number) ^
      (highs[i7] as number);
  }
  for (; at < to; at += 1) {
    const index = (low ^ (bytes[at] as number)) & 0xff;
    low = ((low >>> 8) | (high << 24)) ^ (lows[index] as number);
    high = (high >>> 8) ^ (highs[index] as number);
  }
  state[0] = low;
  state[1] = high;
}

function word(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  );
}

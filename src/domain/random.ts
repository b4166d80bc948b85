/** Chance as the rooms see it: cryptographically strong bytes; tests replace it. */
export interface Random {
  bytes(count: number): Uint8Array;
}

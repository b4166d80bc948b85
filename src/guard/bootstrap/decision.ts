/** What a node does with its volume, and a sentence on why for its log. */
export type BootstrapDecision =
  | {
      /**
       * `start`: LiteFS starts, and leads where it is a candidate and the guard lets it. `start as replica only`: it starts
       * and must not lead before a later look says `start`. `wait`: it does not start; look again.
       */
      readonly do: 'start' | 'start as replica only' | 'wait';
      readonly sentence: string;
    }
  | {
      /** The backup is put ready to be imported, under this id or a new one; then look again. */
      readonly do: 'restore';
      readonly clusterId: string | undefined;
      readonly sentence: string;
    }
  | { readonly do: 'stop'; readonly exitCode: number; readonly sentence: string };

export const start = (sentence: string): BootstrapDecision => ({ do: 'start', sentence });
export const replicaOnly = (sentence: string): BootstrapDecision => ({
  do: 'start as replica only',
  sentence,
});
export const wait = (sentence: string): BootstrapDecision => ({ do: 'wait', sentence });
export const stop = (exitCode: number, sentence: string): BootstrapDecision => ({
  do: 'stop',
  exitCode,
  sentence,
});

import type { Progress } from '../../domain/position.ts';
import type { NodeId } from '../../domain/role.ts';

/** What a node knows when it has to decide whether it may start LiteFS on its volume. */
export interface BootstrapFacts {
  readonly volume: VolumeFacts;
  readonly consul: ConsulFacts;
  readonly peers: readonly PeerFacts[];
  /** Whether `peers` are all nodes of the fleet. Fly's DNS lists those that run already, and a template of `PEER_URL` none. */
  readonly knowsAllPeers: boolean;
  readonly snapshot: SnapshotFacts;
  /** `REBUILD`: whether a fleet that lost all volumes may be restored without being told to. */
  readonly rebuild: 'auto' | undefined;
  /** Whether LiteFS is told that this node may become primary. */
  readonly candidate: boolean;
  /** Whether LiteFS runs already, started as a replica only. */
  readonly joined: boolean;
  /** Since the first look, milliseconds. */
  readonly waitedMs: number;
}

/** What lies in LiteFS's data folder. */
export interface VolumeFacts {
  /** The folder: `LITEFS_DATA_DIR`. */
  readonly dir: string;
  /** What the file `clusterid` says, whatever it is; `undefined` without one. */
  readonly clusterId: string | undefined;
  /** The databases with at least one transaction, by name. */
  readonly databases: readonly string[];
  /** Whether `hoplite rebuild` has put links ready to be imported, or that a person wants none. */
  readonly awaitsRestore: boolean;
  /** In words, what of the databases LiteFS could not use; `undefined` when nothing is seen. */
  readonly damage: string | undefined;
}

/** What Consul knows of the fleet. */
export type ConsulFacts =
  | {
      readonly is: 'unreachable';
      /** In words. */
      readonly why: string;
    }
  | AnsweringConsul;

export interface AnsweringConsul {
  readonly is: 'answering';
  /** The key of the lease, with the prefix that the URL of Consul gives. */
  readonly key: string;
  readonly clusterId: string | undefined;
  /** Another node that holds the lease, and whose LiteFS says so too. */
  readonly holder: NodeId | undefined;
  /**
   * The epoch of the mark, by which a primary has said how far the links are: there were some. 0 when it cannot be read,
   * `undefined` without one.
   */
  readonly markEpoch: number | undefined;
}

/** Another node, as far as it can be found by name or address. */
export type PeerFacts =
  | {
      readonly is: 'answering';
      readonly node: NodeId;
      readonly isPrimary: boolean;
      /** How far its links are; `undefined` when it has none. An epoch of 0 is one that could not be read. */
      readonly progress: Progress | undefined;
    }
  | {
      readonly is: 'silent';
      /** Its name, or its address where that is all that is known. */
      readonly node: NodeId;
    };

/** The newest backup that the links can be restored from. */
export type SnapshotFacts =
  | {
      readonly is: 'none';
      /** Where there is none, in words such as "in s3://bucket/prefix"; `undefined` where none are kept. */
      readonly name?: string;
    }
  | {
      /** Whether there is one is not known yet. */
      readonly is: 'asked for';
      readonly name: string;
    }
  | {
      readonly is: 'there';
      /** What people find it by. */
      readonly name: string;
      /** The cluster that it was made of; `undefined` when it does not say. */
      readonly clusterId: string | undefined;
      /** In words, what is wrong with newer ones; `undefined` when it is the newest. */
      readonly passedOver?: string;
    }
  | {
      /** There may be one, and it cannot be had now. */
      readonly is: 'unreachable';
      readonly name: string;
      readonly why: string;
    }
  | {
      /** There are some, and none can be restored. */
      readonly is: 'damaged';
      readonly name: string;
      readonly why: string;
    };

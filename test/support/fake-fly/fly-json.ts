import type { FakeMachine, FakeVolume } from './fake-fly-state.ts';

// The shapes of fly-go 0.9.6.

/** As `fly machine list --json` prints it. */
export function describeMachine(
  app: string | undefined,
  { id, region, state, digest, volume }: FakeMachine,
) {
  return {
    id,
    name: `quiet-${id}`,
    state,
    region,
    image_ref: {
      registry: 'registry.fly.io',
      repository: app,
      tag: 'deployment-01K3',
      digest,
      labels: {},
    },
    instance_id: '01K3',
    private_ip: 'fdaa:0:1:a7b:1::2',
    config: { mounts: [{ volume, path: '/data', name: 'hoplite_data' }] },
    host_status: 'ok',
    cordoned: false,
  };
}

/** As `fly volumes list --json` prints it. */
export function describeVolume({ id, name, region, size, machine }: FakeVolume) {
  return {
    id,
    name,
    state: 'created',
    size_gb: size,
    region,
    zone: 'a1b2',
    encrypted: true,
    attached_machine_id: machine,
    attached_alloc_id: null,
    created_at: '2026-11-30T00:00:00Z',
    snapshot_retention: 14,
    auto_backup_enabled: true,
  };
}

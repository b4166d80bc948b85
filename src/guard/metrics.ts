/** Counters by name and labels. A Prometheus client would cost the guard a tenth of its memory. */
export class GuardMetrics {
  readonly #counters = new Map<string, number>();

  /** Adds one. `name` has no prefix. */
  count(name: CounterName, labels: Readonly<Record<string, string>> = {}): void {
    const line = `hoplite_guard_${name}${formatLabels(labels)}`;
    this.#counters.set(line, (this.#counters.get(line) ?? 0) + 1);
  }

  /** The counters and `gauges` in Prometheus' text format. */
  render(gauges: Readonly<Record<GaugeName, number | undefined>>): string {
    const lines: string[] = [];
    for (const [name, help] of Object.entries(counters)) {
      lines.push(`# HELP hoplite_guard_${name} ${help}`, `# TYPE hoplite_guard_${name} counter`);
      const ours = [...this.#counters].filter(([line]) =>
        new RegExp(`^hoplite_guard_${name}(?:\\{|$)`).test(line),
      );
      for (const [line, value] of ours) lines.push(`${line} ${value}`);
    }
    for (const [name, help] of Object.entries(gaugeHelp)) {
      const value = gauges[name as GaugeName];
      if (value === undefined) continue;
      lines.push(`# HELP hoplite_guard_${name} ${help}`, `# TYPE hoplite_guard_${name} gauge`);
      lines.push(`hoplite_guard_${name} ${value}`);
    }
    return `${lines.join('\n')}\n`;
  }
}

const counters = {
  consul_calls_total: 'Calls of LiteFS to Consul, by result.',
  acquires_total: 'Attempts of this node to take the lease, by verdict and reason.',
  relay_cuts_total: 'Replication streams that were cut, by reason.',
  mark_writes_total: 'Attempts to raise the mark in Consul.',
  leases_freed_total: 'Leases of a dead LiteFS that were freed at once.',
  litefs_killed_total: 'Times that LiteFS did not answer and was killed.',
} as const;
type CounterName = keyof typeof counters;

const gaugeHelp = {
  lease_held: 'Whether the LiteFS of this node holds the lease.',
  lease_confirmed_seconds: 'Time since Consul last confirmed the lease that this node holds.',
  candidate_place: 'The candidate place that this node holds; 0 for none.',
  consul_answered_seconds: 'Time since Consul last answered.',
  litefs_answered_seconds: 'Time since LiteFS last answered.',
  progress_known: 'Whether the app has told within 5 s how far its copy of the links is.',
  mark_epoch: 'Epoch of the high-water mark in Consul.',
  relay_streams: 'Replication streams that pass the relay.',
  resident_memory_bytes: 'Resident memory of the guard.',
} as const;
export type GaugeName = keyof typeof gaugeHelp;

function formatLabels(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${value}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

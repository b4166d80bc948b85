import type { Fault } from './fault.ts';
import { handoff } from './handed-over.ts';
import type { Stage } from './stage.ts';
import { writeOnce } from './write-once.ts';

const writers = 24;
/** Before the handoff, so that all writers are at it. */
const warmUpMs = 500;

/** The lease is handed over while many write, one thing after another: at every moment some write is on its way. */
export const handoffUnderLoad: Fault = {
  name: 'handoff-under-load',
  losesPrimary: true,
  async prepare(stage) {
    const act = await handoff.prepare(stage);
    return {
      targets: act.targets,
      async start() {
        const handedOver = new AbortController();
        const written = Promise.all(
          Array.from({ length: writers }, (_, number) =>
            writeUntil(stage, number, handedOver.signal),
          ),
        );
        try {
          await stage.hold(warmUpMs);
          await act.start();
        } finally {
          handedOver.abort();
          await written;
        }
      },
      heal: () => act.heal(),
    };
  },
};

async function writeUntil(stage: Stage, writer: number, signal: AbortSignal): Promise<void> {
  const [door] = stage.client.edges;
  if (door === undefined) return;
  const proc = `load-${Math.round(stage.journal.now())}-${writer}`;
  for (let number = 0; !signal.aborted; number++) {
    await writeOnce(stage, { door, proc, name: `${proc}-${number}` });
  }
}

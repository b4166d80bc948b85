import { z } from 'zod';
import { FlyFailure } from './fly-failure.ts';
import type { FlyCall, RunFly } from './run-fly.ts';

// The shapes are those of fly-go 0.9.6, which flyctl 0.4.87 prints: machine_types.go, volume_types.go,
// certificate_types.go, and flyctl's internal/command/secrets/list.go. What is not needed is not read.

const machineSchema = z.object({
  id: z.string(),
  state: z.string(),
  region: z.string(),
  image_ref: z.object({
    registry: z.string().default(''),
    repository: z.string().default(''),
    tag: z.string().default(''),
    digest: z.string().default(''),
  }),
});

const volumeSchema = z.object({
  id: z.string(),
  name: z.string(),
  region: z.string(),
  state: z.string(),
  attached_machine_id: z.string().nullish(),
});

const secretSchema = z.object({ name: z.string(), status: z.string().default('Unknown') });

const certificateSchema = z.object({ hostname: z.string(), configured: z.boolean() });

/** A machine of an app. */
export interface Machine {
  readonly id: string;
  /** `started`, `stopped`, … */
  readonly state: string;
  readonly region: string;
  /** The image that it runs, by digest where Fly knows one. */
  readonly image: string;
  /** `sha256:…`; empty when Fly does not know it. */
  readonly digest: string;
}

export type Volume = z.output<typeof volumeSchema>;
export type Secret = z.output<typeof secretSchema>;
export type Certificate = z.output<typeof certificateSchema>;

/** What is asked of Fly, and done there, through its command line. Rejects with a `FlyFailure`. */
export class Fly {
  readonly #run: RunFly;

  constructor(run: RunFly) {
    this.#run = run;
  }

  /** The address of whoever is logged in; for a token of an app its name. */
  async user(): Promise<string> {
    return (await this.#ask(['auth', 'whoami'])).trim();
  }

  /** The names of all apps that may be seen. */
  async apps(): Promise<readonly string[]> {
    const apps = await this.#askJson(
      ['apps', 'list', '--json'],
      z.array(z.looseObject({ Name: z.string() })),
    );
    return apps.map(({ Name }) => Name);
  }

  /** The machines of an app that are not destroyed, by region and id. */
  async machines(app: string): Promise<readonly Machine[]> {
    const all = await this.#askJson(
      ['machine', 'list', '--app', app, '--json'],
      z.array(machineSchema),
    );
    return all
      .filter(({ state }) => state !== 'destroyed' && state !== 'destroying')
      .map(({ id, state, region, image_ref: image }) => ({
        id,
        state,
        region,
        image: `${image.registry}/${image.repository}${image.digest === '' ? `:${image.tag}` : `@${image.digest}`}`,
        digest: image.digest,
      }))
      .sort((a, b) => `${a.region} ${a.id}`.localeCompare(`${b.region} ${b.id}`));
  }

  volumes(app: string): Promise<readonly Volume[]> {
    return this.#askJson(['volumes', 'list', '--app', app, '--json'], z.array(volumeSchema));
  }

  secrets(app: string): Promise<readonly Secret[]> {
    return this.#askJson(['secrets', 'list', '--app', app, '--json'], z.array(secretSchema));
  }

  certificates(app: string): Promise<readonly Certificate[]> {
    return this.#askJson(['certs', 'list', '--app', app, '--json'], z.array(certificateSchema));
  }

  /** The configuration that the app has at Fly, as TOML. Fly keeps no `[build]` there. */
  config(app: string): Promise<string> {
    return this.#ask(['config', 'show', '--app', app, '--toml']);
  }

  /**
   * Runs a command of the image on a machine, as root and with the environment of the app, and gives what it printed.
   * There is no shell. Rejects when it ends with anything but 0.
   */
  onMachine(app: string, machine: string, command: string): Promise<string> {
    return this.#ask([
      'ssh',
      'console',
      '--app',
      app,
      '--machine',
      machine,
      '--quiet',
      '--command',
      command,
    ]);
  }

  /** Makes a change; what `fly` says of it goes to the terminal. */
  async change(args: readonly string[], input?: string): Promise<void> {
    await this.#call({ args, isQuestion: false, ...(input === undefined ? {} : { input }) });
  }

  async #askJson<T>(args: readonly string[], schema: z.ZodType<T>): Promise<T> {
    const text = await this.#ask(args);
    try {
      return schema.parse(JSON.parse(text));
    } catch (cause) {
      throw new FlyFailure(
        `"fly ${args.join(' ')}" printed something else than this program knows. Another version of fly? Tried with 0.4.87.`,
        { cause },
      );
    }
  }

  #ask(args: readonly string[]): Promise<string> {
    return this.#call({ args, isQuestion: true });
  }

  async #call(call: FlyCall): Promise<string> {
    const { exitCode, stdout, stderr } = await this.#run(call);
    if (exitCode === 0) return stdout;
    if (/no access token available|not logged in|not authenticated/i.test(stderr)) {
      throw new FlyFailure(
        'Nobody is logged in at Fly. Run "fly auth login", or set FLY_API_TOKEN to a token of the app.',
      );
    }
    const said = (call.isQuestion ? `${stderr}\n${stdout}` : '').trim();
    throw new FlyFailure(
      `"fly ${call.args.join(' ')}" ended with ${exitCode}${said === '' ? '.' : `: ${said.slice(-2000)}`}`,
    );
  }
}

// The real release binary as a child process, with a database of its own.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

const BINARY =
  process.env.GLASSWORKS_BINARY ?? path.join(__dirname, '../../target/release/glassworks');

// The line that says the server accepts connections.
const READY = /^Glassworks \S+ running on (http:\/\/127\.0\.0\.1:(\d+))$/m;

const START_LIMIT_MS = 15_000;

// A polite stop may take the server's whole grace period (25 s) when a task is running.
const STOP_LIMIT_MS = 35_000;

interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

interface Running {
  child: ChildProcess;
  exit: Promise<Exit>;
}

export class Server {
  /** Where it listens, without a slash at the end; the same after a restart. */
  url = '';
  /** All that it printed, over all restarts. */
  log = '';

  private port = 0;
  private running: Running | undefined;

  private constructor(
    private readonly directory: string,
    private readonly flags: readonly string[],
  ) {}

  /** Starts a server on a free port and an empty database; `flags` are added to its own. */
  static async start(flags: readonly string[] = []): Promise<Server> {
    const server = new Server(await mkdtemp(path.join(tmpdir(), 'glassworks-end2end-')), flags);
    try {
      await server.launch();
    } catch (error) {
      await server.discard();
      throw error;
    }
    return server;
  }

  /** Ends the process as a crash would: it gets no chance to do anything. */
  async kill9(): Promise<void> {
    const { child, exit } = this.current();
    child.kill('SIGKILL');
    await exit;
    this.running = undefined;
  }

  /** Starts again on the same port and database, after `kill9` or `stop`. */
  async restart(): Promise<void> {
    if (this.running) throw new Error('the server is still running');
    await this.launch();
  }

  /** Asks the process to end, and expects it to do so in time and with exit code 0. */
  async stop(): Promise<void> {
    const { child, exit } = this.current();
    child.kill('SIGTERM');
    const end = await within(STOP_LIMIT_MS, exit, () => this.failure('did not stop on SIGTERM'));
    this.running = undefined;
    if (end.code !== 0) throw this.failure(`stopped with ${describe(end)}`);
  }

  /** Ends the process if it runs, however it can, and removes the database. */
  async discard(): Promise<void> {
    try {
      if (this.running) await this.kill9();
    } finally {
      await rm(this.directory, { recursive: true, force: true });
    }
  }

  /** Whether the process was started and not ended through this object. */
  get isRunning(): boolean {
    return this.running !== undefined;
  }

  private async launch(): Promise<void> {
    const database = `sqlite:${path.join(this.directory, 'glassworks.db')}`;
    const child = spawn(
      BINARY,
      ['--listen', `127.0.0.1:${this.port}`, '--database', database, ...this.flags],
      { cwd: this.directory, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    // Should this worker end first, the server must not outlive it.
    const killed = () => child.kill('SIGKILL');
    process.once('exit', killed);
    const exit = new Promise<Exit>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => {
        process.removeListener('exit', killed);
        resolve({ code, signal });
      });
    });
    // `exit` may be rejected before anyone waits for it; whoever waits still hears of it.
    exit.catch(() => {});
    this.running = { child, exit };

    const start = this.log.length;
    const ready = new Promise<RegExpExecArray>((resolve, reject) => {
      const read = (chunk: string) => {
        this.log += chunk;
        const line = READY.exec(this.log.slice(start));
        if (line) resolve(line);
      };
      child.stdout?.setEncoding('utf8').on('data', read);
      child.stderr?.setEncoding('utf8').on('data', read);
      exit.then((end) => reject(this.failure(`ended at its start with ${describe(end)}`)), reject);
    });
    const line = await within(START_LIMIT_MS, ready, () => this.failure('did not get ready'));
    this.url = line[1] ?? '';
    this.port = Number(line[2]);
  }

  private current(): Running {
    if (!this.running) throw new Error('the server is not running');
    return this.running;
  }

  private failure(what: string): Error {
    return new Error(`the server ${what}\n--- its log ---\n${this.log}`);
  }
}

function describe({ code, signal }: Exit): string {
  return signal ? `signal ${signal}` : `exit code ${code}`;
}

async function within<T>(limit: number, promise: Promise<T>, failure: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(failure()), limit);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

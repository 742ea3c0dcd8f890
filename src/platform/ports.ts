/**
 * Everything outside the process that gmon may touch, as interfaces. There are
 * two implementations: `platform/deno/` (the real world) and `tools/sim/` (the
 * simulator's). Nondeterminism enters gmon here and nowhere else.
 */

/** All ports of one daemon. */
export interface Ports {
  readonly clock: Clock;
  readonly random: Random;
  readonly cipher: Cipher;
  readonly disk: Disk;
  readonly streams: Streams;
  readonly datagrams: Datagrams;
  readonly http: Http;
  readonly processes: Processes;
  readonly bricks: BrickStorage;
  readonly log: Log;
}

/** Time. */
export interface Clock {
  /** Monotonic milliseconds since some fixed point; never goes back. */
  nowMs(): number;
  /** Milliseconds since 1970 UTC; for people only, it may jump. */
  wallMs(): number;
  /**
   * Milliseconds since the host booted, the time that it was suspended
   * included; never goes back. Coarse: a hundredth of a second. For leases.
   */
  elapsedMs(): number;
  /** Calls once after `delayMs`, unless cancelled; after 0, as soon as what is under way has had its turn. */
  after(delayMs: number, callback: () => void): Timer;
}

/** A pending call of {@link Clock.after}. */
export interface Timer {
  cancel(): void;
}

/** Randomness good enough for secrets. */
export interface Random {
  bytes(length: number): Uint8Array;
}

/** What {@link Cipher.seal} adds to a text. */
export const SEAL_TAG_BYTES = 16;

/** Authenticated encryption (AES-256-GCM); at once, so that what is sent keeps its order. */
export interface Cipher {
  /**
   * The text under a seal, longer by {@link SEAL_TAG_BYTES}. `key` has 32 bytes,
   * `nonce` 12, and the two are never used together twice. `context` is sealed
   * along but not contained.
   */
  seal(
    key: Uint8Array,
    nonce: Uint8Array,
    plain: Uint8Array,
    context: Uint8Array,
  ): Uint8Array;
  /** What was sealed, or null when a bit of anything is different. */
  open(
    key: Uint8Array,
    nonce: Uint8Array,
    sealed: Uint8Array,
    context: Uint8Array,
  ): Uint8Array | null;
}

/** A file system, with the durability rules of POSIX: nothing is safe before a sync. */
export interface Disk {
  /** Opens for reading and writing; creates the file when `create` is set. Rejects with {@link DiskError}. */
  open(path: string, options?: { create?: boolean }): Promise<DiskFile>;
  /** The whole content, or null when there is no such file. */
  read(path: string): Promise<Uint8Array | null>;
  /** Replaces a file as one durable step: temporary file, sync, rename, sync of the directory. */
  replace(path: string, content: Uint8Array, mode?: number): Promise<void>;
  /**
   * Replaces a file as one step to whoever reads it, but not durably: for what
   * means nothing after the host's next start.
   */
  publish(path: string, content: Uint8Array, mode?: number): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** Removes a file; answers quietly when there is none. */
  remove(path: string): Promise<void>;
  /** Names in a directory, sorted; empty when there is no such directory. */
  list(directory: string): Promise<string[]>;
  /** Makes a directory and its parents, durably; answers quietly when it is there. */
  makeDirectory(path: string, mode?: number): Promise<void>;
  /** Makes the names in a directory durable. */
  syncDirectory(path: string): Promise<void>;
  /**
   * Takes a directory for this process until it ends or `release` is called;
   * null when another living process has it.
   */
  lock(directory: string): Promise<DiskLock | null>;
}

/** An exclusive claim on a directory. */
export interface DiskLock {
  release(): Promise<void>;
}

/** An open file. Writes may be lost, whole or in part, until `sync` resolves. */
export interface DiskFile {
  size(): Promise<number>;
  /** Up to `length` bytes from `offset`, perhaps fewer; none only at the end of the file. */
  readAt(offset: number, length: number): Promise<Uint8Array>;
  writeAt(offset: number, bytes: Uint8Array): Promise<void>;
  /**
   * Makes everything written so far durable. A failure is final: never retry
   * it. With `atOnce`, nothing in this process is worth more than the end of
   * it: everything else may stand still meanwhile, if the disk is quick.
   */
  sync(options?: { atOnce?: boolean }): Promise<void>;
  truncate(size: number): Promise<void>;
  close(): Promise<void>;
}

/** Why the disk refused: `code` is the errno's name, e.g. `ENOSPC`, `EIO`, `ENOENT`. */
export class DiskError extends Error {
  override readonly name = "DiskError";
  readonly code: string;
  readonly path: string;

  constructor(code: string, path: string, message: string) {
    super(message);
    this.code = code;
    this.path = path;
  }
}

/** An endpoint of TCP or UDP. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Byte streams: TCP, or a Unix socket when given a path. */
export interface Streams {
  /** Rejects with {@link NetworkError} (`in-use` when the port is taken). */
  listen(
    address: Address,
    accept: (connection: StreamConnection) => void,
  ): Promise<Listener>;
  /** Rejects with {@link NetworkError} (`refused`, `timeout`, `unreachable`). */
  connect(
    address: Address | { readonly path: string },
    timeoutMs: number,
  ): Promise<StreamConnection>;
}

/** Something that serves until closed. */
export interface Listener {
  /** Where it listens; the port is the real one when 0 was asked for. */
  readonly address: Address;
  close(): Promise<void>;
}

/** One connection, in order and reliable until it ends. */
export interface StreamConnection {
  readonly local: Address;
  readonly remote: Address;
  /** The next bytes, or null at the end (closed or failed: there is no difference). */
  read(): Promise<Uint8Array | null>;
  /** Resolves when the bytes are handed over; rejects with {@link NetworkError} when the connection is gone. */
  write(bytes: Uint8Array): Promise<void>;
  /** Ends both directions at once. */
  close(): void;
}

/** UDP. */
export interface Datagrams {
  bind(
    address: Address,
    receive: (bytes: Uint8Array, from: Address) => void,
  ): Promise<DatagramSocket>;
}

/** A bound UDP socket; sending never fails visibly, as datagrams may always be lost. */
export interface DatagramSocket {
  readonly address: Address;
  send(bytes: Uint8Array, to: Address): void;
  close(): void;
}

/** A request as it came, whole: to build the standard's `Request` costs more than many an answer. */
export interface PlainRequest {
  readonly method: string;
  /** Path and query, as the client wrote them. */
  readonly target: string;
  /** By lower-case name; several of one name are joined by commas. */
  readonly headers: ReadonlyMap<string, string>;
  /** To be read only until the answer is given. */
  readonly body: Uint8Array;
}

/** An answer to a {@link PlainRequest}: everything but the body is ASCII. */
export interface PlainAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Who answers requests. Neither way ever rejects. */
export interface HttpService {
  /** By the fetch standard: anything. */
  handle(request: Request, remote: Address): Promise<Response>;
  /** A faster way to the same answer for what is asked most; null for all else. */
  quick?(request: PlainRequest): Promise<PlainAnswer> | null;
}

/** HTTP. */
export interface Http {
  serve(address: Address, service: HttpService): Promise<Listener>;
  /**
   * Rejects with {@link NetworkError} when no answer came; only `refused` and
   * `unreachable` say that the request was never sent. Changes are sent once,
   * unless `repeatable`: then also again, as safe methods are.
   * Honours `request.signal`, also while the answer's body is read.
   */
  fetch(
    request: Request,
    options?: { readonly repeatable?: boolean },
  ): Promise<Response>;
}

/** Why the network refused. */
export class NetworkError extends Error {
  override readonly name = "NetworkError";
  readonly reason: "refused" | "timeout" | "unreachable" | "closed" | "in-use";

  constructor(reason: NetworkError["reason"], message: string) {
    super(message);
    this.reason = reason;
  }
}

/** Processes of the host. */
export interface Processes {
  /** Runs to the end. Rejects with {@link DiskError} `ENOENT` when the program is missing. */
  run(command: string, args: readonly string[]): Promise<ProcessResult>;
  /**
   * Starts a process that outlives this one; answers its pid. With `hostName`
   * it finds itself on a host of that name (a UTS namespace of its own).
   */
  spawnDetached(
    command: string,
    args: readonly string[],
    logPath: string,
    hostName?: string,
  ): Promise<number>;
  /**
   * Starts a program that ends when this process does, however that ends, and
   * when its time is up: it and all that it has started are killed at
   * `untilMs` (of {@link Clock.elapsedMs}) unless that is put off in time.
   * Rejects with {@link DiskError} when it cannot be started.
   */
  spawnLeased(
    command: string,
    args: readonly string[],
    options: LeasedOptions,
  ): Promise<LeasedProcess>;
  /** What the host calls itself. */
  hostName(): string;
  /** Sends a signal; answers quietly when the process is gone. */
  signal(pid: number, signal: "SIGTERM" | "SIGKILL" | "SIGHUP"): void;
  /** The argument vector of a living process, or null when there is none (zombies count as gone). */
  commandLine(pid: number): Promise<string[] | null>;
  /**
   * The living processes that run a program, by the base name of their first
   * argument (`glusterfsd` finds `/usr/sbin/glusterfsd …`), in no order. This
   * is how a daemon whose pid was never written down is found again.
   */
  find(program: string): Promise<FoundProcess[]>;
}

/** How a program is run under a lease. */
export interface LeasedOptions {
  /** Added to this process's own environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** `Infinity` for as long as this process lives. */
  readonly untilMs: number;
}

/** A program that runs under a lease. */
export interface LeasedProcess {
  /** Of the process that stands for all of it. */
  readonly pid: number;
  /** Resolves when nothing of it lives any more. Never rejects. */
  readonly ended: Promise<LeasedEnd>;
  /** What it has printed so far, the last few thousand characters. */
  readonly output: string;
  /** Puts its end off, or hastens it. */
  extend(untilMs: number): void;
  /** SIGTERM to the program, or SIGKILL to it and to all that it has started. */
  signal(signal: "SIGTERM" | "SIGKILL"): void;
}

/** How a leased program ended: its exit code, or 128 and the signal. */
export interface LeasedEnd {
  readonly code: number;
  readonly output: string;
}

/** A living process and its argument vector. */
export interface FoundProcess {
  readonly pid: number;
  readonly commandLine: readonly string[];
}

/** How a process ended. */
export interface ProcessResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The directories that bricks live in, and their extended attributes. */
export interface BrickStorage {
  /** What stands at the path; null when nothing does. */
  kind(path: string): Promise<"directory" | "other" | null>;
  /** Makes one directory (its parent must exist). Rejects with {@link DiskError} (`EEXIST`, `ENOENT`, …). */
  makeDirectory(path: string, mode: number): Promise<void>;
  /** Removes one empty directory; answers quietly when it is gone or not empty. */
  removeDirectory(path: string): Promise<void>;
  /** The attribute's value, or null when it is not set. */
  getAttribute(path: string, name: string): Promise<Uint8Array | null>;
  setAttribute(path: string, name: string, value: Uint8Array): Promise<void>;
  removeAttribute(path: string, name: string): Promise<void>;
  /** Space of the file system that holds the path, and that system's identity. */
  usage(path: string): Promise<StorageUsage>;
}

/** Sizes in bytes. */
export interface StorageUsage {
  readonly totalBytes: number;
  readonly freeBytes: number;
  readonly totalInodes: number;
  readonly freeInodes: number;
  /** Equal for two paths exactly when they share a file system. */
  readonly fileSystem: string;
}

/** Structured lines for the operator; never control flow. */
export interface Log {
  write(
    level: "debug" | "info" | "warn" | "error",
    message: string,
    fields?: Readonly<Record<string, unknown>>,
  ): void;
}

/** The process's own surroundings as an interface: what the command line sees of its user. */

/** Where a command was typed. */
export interface Terminal {
  /** The words after the program's name. */
  readonly words: readonly string[];
  /** A variable's value; undefined when it is not set. */
  environment(name: string): string | undefined;
  /** The directory that relative paths start from; absolute. */
  readonly directory: string;
  /** True when a person can be asked: input and error output are a terminal. */
  readonly isInteractive: boolean;
  /** To the standard output; false when nobody reads it any more. */
  write(text: string | Uint8Array): Promise<boolean>;
  /** To the standard error output; never fails. */
  writeError(text: string): Promise<void>;
  /** Shows a question and answers the line typed; null at the end of input. */
  ask(question: string): Promise<string | null>;
  /** All of the standard input. */
  readInput(): Promise<Uint8Array>;
  /** Calls for every SIGINT and SIGTERM from now on, instead of dying of it; answers how to stop. */
  onSignal(listener: (signal: "SIGINT" | "SIGTERM") => void): () => void;
}

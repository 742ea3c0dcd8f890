/**
 * What goes into a session of the volfile service and what comes out
 * ({@link VolfileSession} in `volfile_program.ts`).
 */

import type { Dictionary } from "./dictionary.ts";
import type { SignedInBrick } from "./portmap.ts";
import type { Volfile } from "./volfile_message.ts";

/** A request for a volume file. */
export interface VolfileRequest {
  /** What GlusterFS calls the volfile id: `/v1`, `shd/v1`, `v1.HOST.BRICK`, …. */
  readonly key: string;
  /** The caller runs on this machine: it gets the volume's credentials. */
  readonly trusted: boolean;
  /** The brick's path, when a brick asks for itself. */
  readonly brickName: string | null;
}

/** What happens to a session. */
export type VolfileSessionInput =
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  | {
    readonly kind: "volfile";
    readonly token: number;
    readonly volfile: Volfile | null;
  }
  | {
    readonly kind: "volumeId";
    readonly token: number;
    readonly id: string | null;
  }
  /** Volume files changed: the other end should ask again. */
  | { readonly kind: "changed" }
  | { readonly kind: "ended" };

/** What a session wants done, in order. */
export type VolfileSessionEffect =
  | { readonly kind: "send"; readonly bytes: Uint8Array }
  | {
    readonly kind: "wantVolfile";
    readonly token: number;
    readonly request: VolfileRequest;
  }
  | {
    readonly kind: "wantVolumeId";
    readonly token: number;
    readonly volume: string;
  }
  | { readonly kind: "signedIn"; readonly brick: SignedInBrick }
  | { readonly kind: "signedOut"; readonly brick: SignedInBrick }
  /** A daemon tells how it gets on, e.g. a rebalance that finished. */
  | {
    readonly kind: "notice";
    readonly operation: number;
    readonly dictionary: Dictionary;
  }
  | { readonly kind: "close"; readonly reason: string };

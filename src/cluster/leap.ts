/**
 * A state whose revisions go on far behind its own: what a quorum that was made
 * anew begins with. The one before may have handed out revisions that are
 * known here no more, and whoever saw them must not take others for the same.
 */

import { assert } from "../base/mod.ts";
import { ClusterState } from "./state.ts";

const DOCUMENTS_AT_ONCE = 1_000;

/** The same documents and the same past, at `revision`. Watchers of earlier ones are told `compacted`. */
export function leapTo(state: ClusterState, revision: number): ClusterState {
  assert(revision >= state.revision, "revisions only grow");
  const capture = state.capture();
  const leapt = new ClusterState();
  leapt.restorePast(revision, capture.past);
  while (true) {
    const documents = capture.next(DOCUMENTS_AT_ONCE);
    if (documents.length === 0) return leapt;
    for (const document of documents) leapt.restoreDocument(document);
  }
}

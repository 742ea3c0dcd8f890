// deno-fmt-ignore-file
/** All scenarios by name; written by `scenario_test.ts -- --rewrite`. */

import commitBeforeOwnDisk from "./commit_before_own_disk.txt" with { type: "text" };
import conflictingTailFoundByTerm from "./conflicting_tail_found_by_term.txt" with { type: "text" };
import deposedLeaderLearnsOfIt from "./deposed_leader_learns_of_it.txt" with { type: "text" };
import earlierTermsCommitWithOwn from "./earlier_terms_commit_with_own.txt" with { type: "text" };
import election from "./election.txt" with { type: "text" };
import lateAndDoubledMessages from "./late_and_doubled_messages.txt" with { type: "text" };
import leaderWithoutQuorumStepsDown from "./leader_without_quorum_steps_down.txt" with { type: "text" };
import lostAppendFoundByHeartbeat from "./lost_append_found_by_heartbeat.txt" with { type: "text" };
import readWaitsForOwnTerm from "./read_waits_for_own_term.txt" with { type: "text" };
import readsShareRounds from "./reads_share_rounds.txt" with { type: "text" };
import restartKeepsWhatWasDurable from "./restart_keeps_what_was_durable.txt" with { type: "text" };
import returningMonitorDisturbsNobody from "./returning_monitor_disturbs_nobody.txt" with { type: "text" };
import soleVoter from "./sole_voter.txt" with { type: "text" };
import splitVote from "./split_vote.txt" with { type: "text" };
import voteWaitsForDisk from "./vote_waits_for_disk.txt" with { type: "text" };
import votersStickToTheirLeader from "./voters_stick_to_their_leader.txt" with { type: "text" };
import windowLimitsPipeline from "./window_limits_pipeline.txt" with { type: "text" };

/** Scripts with their expected traces. */
export const SCENARIOS: Readonly<Record<string, string>> = {
  "commit_before_own_disk": commitBeforeOwnDisk,
  "conflicting_tail_found_by_term": conflictingTailFoundByTerm,
  "deposed_leader_learns_of_it": deposedLeaderLearnsOfIt,
  "earlier_terms_commit_with_own": earlierTermsCommitWithOwn,
  "election": election,
  "late_and_doubled_messages": lateAndDoubledMessages,
  "leader_without_quorum_steps_down": leaderWithoutQuorumStepsDown,
  "lost_append_found_by_heartbeat": lostAppendFoundByHeartbeat,
  "read_waits_for_own_term": readWaitsForOwnTerm,
  "reads_share_rounds": readsShareRounds,
  "restart_keeps_what_was_durable": restartKeepsWhatWasDurable,
  "returning_monitor_disturbs_nobody": returningMonitorDisturbsNobody,
  "sole_voter": soleVoter,
  "split_vote": splitVote,
  "vote_waits_for_disk": voteWaitsForDisk,
  "voters_stick_to_their_leader": votersStickToTheirLeader,
  "window_limits_pipeline": windowLimitsPipeline,
};

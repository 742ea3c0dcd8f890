// deno-fmt-ignore-file
/** All scenarios by name; written by `scenario_test.ts -- --rewrite`. */

import changeTakenBack from "./change_taken_back.txt" with { type: "text" };
import changesDeclined from "./changes_declined.txt" with { type: "text" };
import commitBeforeOwnDisk from "./commit_before_own_disk.txt" with { type: "text" };
import conflictingTailFoundByTerm from "./conflicting_tail_found_by_term.txt" with { type: "text" };
import deposedLeaderLearnsOfIt from "./deposed_leader_learns_of_it.txt" with { type: "text" };
import earlierTermsCommitWithOwn from "./earlier_terms_commit_with_own.txt" with { type: "text" };
import election from "./election.txt" with { type: "text" };
import firstChangeWaitsForOwnTerm from "./first_change_waits_for_own_term.txt" with { type: "text" };
import lateAndDoubledMessages from "./late_and_doubled_messages.txt" with { type: "text" };
import leaderHandsOver from "./leader_hands_over.txt" with { type: "text" };
import leaderWithoutQuorumStepsDown from "./leader_without_quorum_steps_down.txt" with { type: "text" };
import learnerBecomesVoter from "./learner_becomes_voter.txt" with { type: "text" };
import leaseReads from "./lease_reads.txt" with { type: "text" };
import lostAppendFoundByHeartbeat from "./lost_append_found_by_heartbeat.txt" with { type: "text" };
import readAtFollower from "./read_at_follower.txt" with { type: "text" };
import readWaitsForOwnTerm from "./read_waits_for_own_term.txt" with { type: "text" };
import readsShareRounds from "./reads_share_rounds.txt" with { type: "text" };
import refusedPortEndsTheWait from "./refused_port_ends_the_wait.txt" with { type: "text" };
import removedLeaderStepsDown from "./removed_leader_steps_down.txt" with { type: "text" };
import removedMonitorDisturbsNobody from "./removed_monitor_disturbs_nobody.txt" with { type: "text" };
import replacedUnderItsName from "./replaced_under_its_name.txt" with { type: "text" };
import restartKeepsWhatWasDurable from "./restart_keeps_what_was_durable.txt" with { type: "text" };
import returningMonitorDisturbsNobody from "./returning_monitor_disturbs_nobody.txt" with { type: "text" };
import returningMonitorVotesLateWithLeases from "./returning_monitor_votes_late_with_leases.txt" with { type: "text" };
import snapshotDamagedOnItsWay from "./snapshot_damaged_on_its_way.txt" with { type: "text" };
import snapshotInChunks from "./snapshot_in_chunks.txt" with { type: "text" };
import soleVoter from "./sole_voter.txt" with { type: "text" };
import splitVote from "./split_vote.txt" with { type: "text" };
import transferComesToNothing from "./transfer_comes_to_nothing.txt" with { type: "text" };
import voteWaitsForDisk from "./vote_waits_for_disk.txt" with { type: "text" };
import votersStickToTheirLeader from "./voters_stick_to_their_leader.txt" with { type: "text" };
import windowLimitsPipeline from "./window_limits_pipeline.txt" with { type: "text" };

/** Scripts with their expected traces. */
export const SCENARIOS: Readonly<Record<string, string>> = {
  "change_taken_back": changeTakenBack,
  "changes_declined": changesDeclined,
  "commit_before_own_disk": commitBeforeOwnDisk,
  "conflicting_tail_found_by_term": conflictingTailFoundByTerm,
  "deposed_leader_learns_of_it": deposedLeaderLearnsOfIt,
  "earlier_terms_commit_with_own": earlierTermsCommitWithOwn,
  "election": election,
  "first_change_waits_for_own_term": firstChangeWaitsForOwnTerm,
  "late_and_doubled_messages": lateAndDoubledMessages,
  "leader_hands_over": leaderHandsOver,
  "leader_without_quorum_steps_down": leaderWithoutQuorumStepsDown,
  "learner_becomes_voter": learnerBecomesVoter,
  "lease_reads": leaseReads,
  "lost_append_found_by_heartbeat": lostAppendFoundByHeartbeat,
  "read_at_follower": readAtFollower,
  "read_waits_for_own_term": readWaitsForOwnTerm,
  "reads_share_rounds": readsShareRounds,
  "refused_port_ends_the_wait": refusedPortEndsTheWait,
  "removed_leader_steps_down": removedLeaderStepsDown,
  "removed_monitor_disturbs_nobody": removedMonitorDisturbsNobody,
  "replaced_under_its_name": replacedUnderItsName,
  "restart_keeps_what_was_durable": restartKeepsWhatWasDurable,
  "returning_monitor_disturbs_nobody": returningMonitorDisturbsNobody,
  "returning_monitor_votes_late_with_leases": returningMonitorVotesLateWithLeases,
  "snapshot_damaged_on_its_way": snapshotDamagedOnItsWay,
  "snapshot_in_chunks": snapshotInChunks,
  "sole_voter": soleVoter,
  "split_vote": splitVote,
  "transfer_comes_to_nothing": transferComesToNothing,
  "vote_waits_for_disk": voteWaitsForDisk,
  "voters_stick_to_their_leader": votersStickToTheirLeader,
  "window_limits_pipeline": windowLimitsPipeline,
};

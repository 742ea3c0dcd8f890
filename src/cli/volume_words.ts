/** The words of `volume create` as glusterd's users type them: `NAME replica 3 HOST:/PATH … force`. */

import { type Arguments, usage } from "./arguments.ts";
import type { VolumeCreateRequest } from "../api/mod.ts";

type Count = "replica" | "arbiter" | "disperse" | "disperseData" | "redundancy";

/** Words that a count follows, with their flag. */
const COUNTS: Readonly<Record<string, Count>> = {
  replica: "replica",
  arbiter: "arbiter",
  disperse: "disperse",
  "disperse-data": "disperseData",
  redundancy: "redundancy",
};

type Draft = {
  -readonly [K in keyof VolumeCreateRequest]: VolumeCreateRequest[K];
};

/** The request of a command line: words and flags alike. Throws Problem `usage`. */
export function volumeCreateRequest(given: Arguments): VolumeCreateRequest {
  const [name, ...words] = given.words;
  if (name === undefined) {
    throw usage("no volume name is given", "write gmon volume create NAME …");
  }
  const draft: Draft = { name, bricks: [] };
  const bare = readWords(words, draft);
  for (const [flag, field] of Object.entries(COUNTS)) {
    const text = given.value(flag);
    if (text === undefined) continue;
    if (draft[field] !== undefined || (field === "disperse" && bare)) {
      throw usage(`${flag} is given twice`, "give it once");
    }
    draft[field] = countOf(flag, text);
  }
  if (given.isSet("force")) draft.force = true;
  // `disperse` without a count: all bricks form one set.
  if (bare && !(draft.disperseData && draft.redundancy)) {
    draft.disperse = draft.bricks.length;
  }
  if (draft.bricks.length === 0) {
    throw usage(
      `no brick is given for volume ${name}`,
      "write bricks as WORKER:/PATH, e.g. w1:/data/brick1",
    );
  }
  return draft;
}

/** Takes the words in; answers whether `disperse` stood there without a count. */
function readWords(words: readonly string[], draft: Draft): boolean {
  let bare = false;
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!;
    const field = Object.hasOwn(COUNTS, word) ? COUNTS[word] : undefined;
    if (field !== undefined) {
      if (draft[field] !== undefined) {
        throw usage(`${word} is given twice`, "give it once");
      }
      const next = words[at + 1];
      if (word === "disperse" && !/^\d+$/.test(next ?? "")) {
        bare = true;
        continue;
      }
      draft[field] = countOf(word, next);
      at++;
    } else if (word === "transport") {
      checkTransport(words[++at]);
    } else if (word === "force" && at === words.length - 1) {
      draft.force = true;
    } else if (word === "thin-arbiter" || word === "stripe") {
      throw usage(
        `${word} volumes are not supported`,
        "use replica, arbiter or disperse",
      );
    } else if (word.includes(":")) {
      draft.bricks.push(word);
    } else {
      throw usage(
        `${JSON.stringify(word)} is neither a brick nor a known word`,
        "write bricks as WORKER:/PATH; the words are replica, arbiter, disperse, disperse-data, redundancy and, last, force",
      );
    }
  }
  return bare;
}

function countOf(word: string, text: string | undefined): number {
  if (text !== undefined && /^\d{1,6}$/.test(text)) return Number(text);
  throw usage(
    text === undefined
      ? `${word} needs a count`
      : `${word} ${JSON.stringify(text)} is not a count`,
    `write ${word} and a whole number`,
  );
}

function checkTransport(word: string | undefined): void {
  if (word === "tcp") return;
  throw usage(
    `transport ${word ?? ""} is not supported`.replace("  ", " "),
    "use transport tcp, or leave it out",
  );
}

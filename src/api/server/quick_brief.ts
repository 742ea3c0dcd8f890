/** The quick way for check-ins without news: five hundred a second from a thousand workers. */

import type { PlainAnswer, PlainRequest } from "../../platform/mod.ts";
import { type BriefFields, briefOfFields } from "../../cluster/mod.ts";
import { BRIEFS_MAX } from "../contract/mod.ts";
import { briefReply } from "./brief_relay.ts";
import { FORWARDED_HEADER } from "./forward.ts";
import { renderBare } from "./pipeline.ts";
import type { ApiContext } from "./services.ts";

const NAME_MAX = 255;

const decoder = new TextDecoder("utf-8", { fatal: true });

/** Answers a request to the check-ins' path, or null for what is not surely plain and right. */
export function quickBriefs(
  services: ApiContext,
  refusal: (error: unknown, request: PlainRequest) => PlainAnswer,
): (request: PlainRequest) => Promise<PlainAnswer> | null {
  async function answer(
    request: PlainRequest,
    fields: readonly BriefFields[],
  ): Promise<PlainAnswer> {
    const isPassedOn = request.headers.has(FORWARDED_HEADER);
    try {
      const answers = await services.briefs.receive(
        fields.map(briefOfFields),
        isPassedOn,
      );
      return plain(renderBare(briefReply(answers)));
    } catch (error) {
      return refusal(error, request);
    }
  }

  return (request) => {
    if (request.method !== "POST") return null;
    if (request.headers.has("x-request-id")) return null;
    const fields = fieldsIn(request);
    return fields === null ? null : answer(request, fields);
  };
}

function fieldsIn({ headers, body }: PlainRequest): BriefFields[] | null {
  if (headers.get("content-type") !== "application/json") return null;
  let text: string;
  let content: unknown;
  try {
    text = decoder.decode(body);
    content = JSON.parse(text);
  } catch {
    return null;
  }
  // Perhaps half a surrogate pair.
  if (text.includes("\\u") || !Array.isArray(content)) return null;
  if (content.length === 0 || content.length > BRIEFS_MAX) return null;
  return content.every(isBriefFields) ? content : null;
}

function isBriefFields(value: unknown): value is BriefFields {
  if (!Array.isArray(value) || value.length < 5) return false;
  const [worker, bootId, sequence, incarnation, revision, health] = value;
  return isName(worker) && worker !== "" && isName(bootId) &&
    Number.isSafeInteger(sequence) && sequence >= 1 &&
    Number.isSafeInteger(incarnation) &&
    Number.isSafeInteger(revision) && revision >= 0 &&
    (health === undefined || Number.isSafeInteger(health) && health >= 0);
}

function isName(value: unknown): value is string {
  return typeof value === "string" && value.length <= NAME_MAX;
}

function plain(
  { status, headers, body }: ReturnType<typeof renderBare>,
): PlainAnswer {
  return { status, headers, body: body as string ?? "" };
}

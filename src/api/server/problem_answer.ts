/** How a problem is told to clients (RFC 9457), and what is logged of it. */

import type { Problem } from "../../base/mod.ts";
import { PROBLEM_MEDIA_TYPE, problemBody } from "../problem_status.ts";
import { COMMON_HEADERS, describeState, type Rendered } from "./pipeline.ts";
import type { ApiServices } from "./services.ts";

/** Which request met the problem. */
export interface Occasion {
  readonly requestId: string;
  readonly method: string;
  readonly url: string;
}

/** A problem as it goes out; a failure of our own is logged. */
export function renderProblem(
  services: ApiServices,
  problem: Problem,
  occasion: Occasion,
): Rendered & { readonly body: string } {
  const body = problemBody(problem, occasion.requestId);
  if (body.status === 500) {
    services.ports.log.write("error", "a request failed", {
      ...occasion,
      problem: problem.message,
      stack: (problem.cause instanceof Error ? problem.cause : problem).stack,
    });
  }
  const headers: Record<string, string> = {
    ...COMMON_HEADERS,
    "content-type": PROBLEM_MEDIA_TYPE,
    "x-request-id": occasion.requestId,
  };
  describeState(services, headers);
  const { retryAfterSeconds } = problem.details;
  if (retryAfterSeconds !== undefined) {
    headers["retry-after"] = String(retryAfterSeconds);
  }
  return { status: body.status, headers, body: JSON.stringify(body) };
}

/** Request bodies: bounded, UTF-8, JSON, and text that every encoding can carry. */

import { concat, Problem } from "../../base/mod.ts";

const NOTHING = new Uint8Array(0);
const decoder = new TextDecoder("utf-8", { fatal: true });

/** The whole body; throws Problem `too-large` beyond `limit` bytes, before reading more than that. */
export async function readBody(
  request: Request,
  limit: number,
): Promise<Uint8Array> {
  const announced = Number(request.headers.get("content-length") ?? "NaN");
  if (announced > limit) {
    await request.body?.cancel();
    throw tooLarge(limit);
  }
  // The server holds a client to its announcement, so that the fast way is
  // safe. Merely looking at `request.body` would make a stream of it.
  if (announced >= 0) return new Uint8Array(await request.arrayBuffer());
  if (request.body === null) return NOTHING;
  const parts: Uint8Array[] = [];
  let length = 0;
  const reader = request.body.getReader();
  while (true) {
    const { done, value } = await reader.read();
    if (done) return concat(parts);
    length += value.length;
    if (length > limit) {
      await reader.cancel();
      throw tooLarge(limit);
    }
    parts.push(value);
  }
}

/** The JSON value of a body; throws Problem `malformed-request`. */
export function parseBody(bytes: Uint8Array, headers: Headers): unknown {
  const mediaType = (headers.get("content-type") ?? "").split(";")[0]!.trim();
  if (mediaType.toLowerCase() !== "application/json") {
    throw new Problem(
      "malformed-request",
      mediaType === ""
        ? "the request has a body but no content-type"
        : `the body is ${mediaType}, not JSON`,
      "send it with `content-type: application/json`",
    );
  }
  let text: string;
  let value: unknown;
  try {
    text = decoder.decode(bytes);
    value = JSON.parse(text);
  } catch (error) {
    throw new Problem(
      "malformed-request",
      `the body is not JSON: ${(error as Error).message}`,
      "send a JSON object in UTF-8",
    );
  }
  // Half a surrogate pair has no UTF-8: monitors would come to store different text.
  if (/\\ud[89a-f]/i.test(text) && !isWellFormed(value)) {
    throw new Problem(
      "malformed-request",
      "the body holds half a surrogate pair",
      "send well-formed Unicode",
    );
  }
  return value;
}

function isWellFormed(value: unknown): boolean {
  if (typeof value === "string") return value.isWellFormed();
  if (typeof value !== "object" || value === null) return true;
  return Object.entries(value).every(([key, inner]) =>
    key.isWellFormed() && isWellFormed(inner)
  );
}

function tooLarge(limit: number): Problem {
  return new Problem(
    "too-large",
    `the request's body is larger than ${limit} bytes`,
    "send less at once",
  );
}

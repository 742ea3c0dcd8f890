/**
 * The head of an HTTP/1.1 request (RFC 9112), read strictly: whatever two
 * servers might understand differently is refused, since between them it could
 * smuggle a request past the other. Only a head that is missing its end waits.
 */

/** Longest head, request line included. */
export const HEAD_BYTES_MAX = 16_384;

/** Header fields at most. */
const FIELDS_MAX = 100;

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const TARGET = /^\/[\x21-\x7e]*$/;
// deno-lint-ignore no-control-regex
const VALUE = /^[^\x00-\x08\x0a-\x1f\x7f]*$/;

/** What a client did wrong, as a status. */
export class BadRequest extends Error {
  override readonly name = "BadRequest";
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** A request's header fields, and what they say about its framing. */
export class Fields {
  /** By lower-case name; several of one name are joined by commas. */
  readonly byName: ReadonlyMap<string, string>;
  /** Null when the body is chunked. */
  readonly contentLength: number | null;
  readonly keepsAlive: boolean;
  /** The client waits for leave to send the body. */
  readonly expectsContinue: boolean;

  constructor(byName: ReadonlyMap<string, string>, minor: number) {
    this.byName = byName;
    this.contentLength = contentLengthOf(byName, minor);
    const connection = (byName.get("connection") ?? "").toLowerCase()
      .split(",").map((option) => option.trim());
    this.keepsAlive = minor === 1
      ? !connection.includes("close")
      : connection.includes("keep-alive");
    this.expectsContinue = minor === 1 &&
      byName.get("expect")?.toLowerCase() === "100-continue";
    const host = byName.get("host");
    if (host === undefined && minor === 0) return;
    if (host === undefined || /[,/?#@\\\s]/.test(host)) {
      throw new BadRequest(400, "a request needs one valid Host");
    }
  }
}

/** A request but for its body. */
export interface RequestHead {
  readonly method: string;
  /** Path and query as they came. */
  readonly target: string;
  readonly minor: number;
  readonly fields: Fields;
  /** The text of the fields: the next request's are mostly the same. */
  readonly fieldText: string;
}

/**
 * The head in `text` (each byte a character), without the empty line at its
 * end. Throws {@link BadRequest}. `previous` saves reading the same fields twice.
 */
export function parseHead(
  text: string,
  previous: RequestHead | null,
): RequestHead {
  const lineEnd = text.indexOf("\r\n");
  const line = lineEnd === -1 ? text : text.slice(0, lineEnd);
  const fieldText = lineEnd === -1 ? "" : text.slice(lineEnd + 2);
  const space = line.indexOf(" ");
  const tail = line.length - " HTTP/1.1".length;
  const minor = line.endsWith(" HTTP/1.1")
    ? 1
    : line.endsWith(" HTTP/1.0")
    ? 0
    : -1;
  if (minor === -1 && / HTTP\/\d\.\d$/.test(line)) {
    throw new BadRequest(505, "only HTTP/1.1 is spoken here");
  }
  if (minor === -1 || space < 1 || space >= tail) {
    throw new BadRequest(400, "this is no HTTP request");
  }
  const method = line.slice(0, space);
  const target = pathOf(line.slice(space + 1, tail));
  if (!TOKEN.test(method)) throw new BadRequest(400, "this is no method");
  const fields = previous !== null && previous.minor === minor &&
      previous.fieldText === fieldText
    ? previous.fields
    : new Fields(fieldsOf(fieldText), minor);
  return { method, target, minor, fields, fieldText };
}

/** A proxy's form of a target names the host, too; the path counts. */
function pathOf(target: string): string {
  const path = /^http:\/\/[^/?#@]+(\/.*)$/i.exec(target)?.[1] ?? target;
  if (TARGET.test(path) && !path.includes("#")) return path;
  throw new BadRequest(400, "the target is not a path of visible ASCII");
}

function fieldsOf(text: string): Map<string, string> {
  const fields = new Map<string, string>();
  if (text === "") return fields;
  const lines = text.split("\r\n");
  if (lines.length > FIELDS_MAX) {
    throw new BadRequest(431, "too many header fields");
  }
  for (const line of lines) {
    const colon = line.indexOf(":");
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1);
    // Among them: a line folded onto the next, white space before the colon.
    if (colon < 1 || !TOKEN.test(name) || !VALUE.test(value)) {
      throw new BadRequest(400, "a header field is malformed");
    }
    const before = fields.get(name);
    const trimmed = value.replace(/^[ \t]+|[ \t]+$/g, "");
    fields.set(name, before === undefined ? trimmed : `${before}, ${trimmed}`);
  }
  return fields;
}

function contentLengthOf(
  fields: ReadonlyMap<string, string>,
  minor: number,
): number | null {
  const coding = fields.get("transfer-encoding");
  const length = fields.get("content-length");
  if (coding !== undefined) {
    if (length !== undefined || minor === 0) {
      throw new BadRequest(400, "the body's length is ambiguous");
    }
    if (coding.toLowerCase() === "chunked") return null;
    throw new BadRequest(501, "the only transfer coding known is chunked");
  }
  if (length === undefined) return 0;
  if (/^\d{1,15}$/.test(length)) return Number(length);
  throw new BadRequest(400, "the Content-Length is no number");
}

/** A request by the fetch standard. Throws {@link BadRequest} for what that cannot express. */
export function requestOf(
  head: RequestHead,
  body: Uint8Array<ArrayBuffer>,
  signal: AbortSignal,
): Request {
  const { method, target, fields } = head;
  const carries = method !== "GET" && method !== "HEAD" && body.length > 0;
  const host = fields.byName.get("host") ?? "localhost";
  try {
    return new Request(`http://${host}${target}`, {
      method,
      headers: [...fields.byName],
      signal,
      ...(carries ? { body } : {}),
    });
  } catch (error) {
    const known = /^(CONNECT|TRACE|TRACK)$/i.test(method);
    throw known
      ? new BadRequest(501, `${method} is not spoken here`)
      : new BadRequest(400, (error as Error).message);
  }
}

/** The OpenAPI 3.1 document, made from the contract and from nothing else. */

import { z } from "zod";
import { VERSION } from "../base/mod.ts";
import {
  type Answer,
  COMPONENTS,
  type Endpoint,
  ENDPOINTS,
  problemsOf,
  type RouteName,
  ROUTES,
} from "./contract/mod.ts";
import { PROBLEM_MEDIA_TYPE, statusOf } from "./problem_status.ts";

type Json = { [key: string]: unknown };

let document: Json | null = null;

/** The document as a JSON value; made once. */
export function openApiDocument(): Json {
  document ??= makeDocument();
  return document;
}

/** The document as text, as it is committed. */
export function openApiText(): string {
  return JSON.stringify(openApiDocument(), null, 2) + "\n";
}

function makeDocument(): Json {
  const paths: { [path: string]: Json } = {};
  for (const name of Object.keys(ROUTES) as RouteName[]) {
    const { method, path } = ROUTES[name];
    paths[path] ??= {};
    paths[path][method.toLowerCase()] = operationOf(name, ENDPOINTS[name]);
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "gmon",
      version: VERSION,
      description:
        "The API of gmon, the management daemon for GlusterFS. Any monitor serves everything; what only the leader can answer is forwarded to it.",
    },
    paths,
    components: { schemas: componentSchemas() },
  };
}

function operationOf(name: RouteName, endpoint: Endpoint): Json {
  return {
    operationId: name,
    tags: [endpoint.tag],
    summary: endpoint.summary,
    parameters: parametersOf(name, endpoint),
    ...(endpoint.body === null ? {} : {
      requestBody: {
        required: !endpoint.body.optional,
        content: {
          "application/json": {
            schema: schemaOf(endpoint.body.schema, "input"),
          },
        },
      },
    }),
    responses: responsesOf(endpoint),
  };
}

function parametersOf(name: RouteName, endpoint: Endpoint): Json[] {
  const inPath = [...ROUTES[name].path.matchAll(/\{(\w+)\}/g)].map((match) => ({
    name: match[1],
    in: "path",
    required: true,
    schema: { type: "string" },
  }));
  const query = schemaOf(endpoint.query, "input") as {
    properties?: Record<string, Json>;
  };
  const inQuery = Object.entries(query.properties ?? {}).map(
    ([name, { description, ...schema }]) => ({
      name,
      in: "query",
      required: false,
      ...(description === undefined ? {} : { description }),
      schema,
    }),
  );
  return [...inPath, ...inQuery, ...headersOf(endpoint)];
}

function headersOf(endpoint: Endpoint): Json[] {
  const header = (name: string, description: string): Json => ({
    name,
    in: "header",
    required: false,
    description,
    schema: { type: "string" },
  });
  return [
    ...(endpoint.changes
      ? [header("Idempotency-Key", "A repeated request is carried out once")]
      : []),
    ...(endpoint.matches
      ? [
        header("If-Match", 'The revision to change, as `"7"`, or `*`'),
        header("If-None-Match", "`*`: only create"),
      ]
      : []),
  ];
}

function responsesOf(endpoint: Endpoint): Json {
  const responses: { [status: string]: Json } = {};
  for (const answer of endpoint.answers) {
    const status = String(answer.status);
    const known = responses[status];
    const response = responseOf(answer);
    responses[status] = known === undefined ? response : {
      ...known,
      content: { ...known.content as Json, ...response.content as Json },
    };
  }
  const byStatus = new Map<number, string[]>();
  for (const code of problemsOf(endpoint)) {
    const status = statusOf(code);
    byStatus.set(status, [...byStatus.get(status) ?? [], code]);
  }
  for (const [status, codes] of [...byStatus].sort(([a], [b]) => a - b)) {
    responses[String(status)] = {
      description: `Problem: ${codes.join(", ")}`,
      content: {
        [PROBLEM_MEDIA_TYPE]: {
          schema: { $ref: "#/components/schemas/Problem" },
        },
      },
    };
  }
  return responses;
}

function responseOf(answer: Answer): Json {
  return {
    description: answer.description,
    ...(answer.location
      ? { headers: { Location: { schema: { type: "string" } } } }
      : {}),
    ...(answer.schema === null ? {} : {
      content: {
        [answer.mediaType ?? "application/json"]: {
          schema: schemaOf(answer.schema, "output"),
        },
      },
    }),
  };
}

/** A reference when the schema has a name, else the schema itself. */
function schemaOf(schema: z.ZodType, io: "input" | "output"): Json {
  const known = COMPONENTS.get(schema);
  if (known !== undefined) return { $ref: `#/components/schemas/${known.id}` };
  const { $schema: _, ...json } = z.toJSONSchema(schema, {
    io,
    unrepresentable: "any",
  }) as Json;
  return json;
}

function componentSchemas(): Json {
  const { schemas } = z.toJSONSchema(COMPONENTS, {
    uri: (id) => `#/components/schemas/${id}`,
    io: "output",
  }) as unknown as { schemas: { [id: string]: Json } };
  const sorted: Json = {};
  for (const id of Object.keys(schemas).sort()) {
    const { $schema: _schema, $id: _id, ...schema } = schemas[id]!;
    sorted[id] = schema;
  }
  return sorted;
}

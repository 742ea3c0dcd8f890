/**
 * The rules of the house that need a parsed file, as a plugin of `deno lint`:
 * floors, purity, doors, lengths and docstrings. Rules about the tree as a
 * whole stand in `tree.ts`.
 */

import {
  AMBIENT,
  belowRoot,
  DOORS,
  FLOORS,
  IMPURE,
  LINES_PER_FUNCTION_MAX,
  PURE_FLOOR_MAX,
  roomOf,
  SIDEWAYS,
} from "./house.ts";

const plugin: Deno.lint.Plugin = {
  name: "gmon",
  rules: {
    "floors": { create: floors },
    "doors": { create: doors },
    "purity": { create: purity },
    "function-length": { create: functionLength },
    "docstrings": { create: docstrings },
  },
};
export default plugin;

type Visitor = Deno.lint.LintVisitor;
type Context = Deno.lint.RuleContext;

/** Imports go down or stay in their room, and enter another room by its `mod.ts`. */
function floors(context: Context): Visitor {
  const path = belowRoot(context.filename);
  return onImports((node, specifier) => {
    if (!path.startsWith("src/") || !specifier.startsWith(".")) return;
    const target = resolve(path, specifier);
    const fault = floorFault(path, target);
    if (fault !== null) context.report({ node, message: fault });
  });
}

/** Why `path` must not import `target`, or null. Both are below the root. */
export function floorFault(path: string, target: string): string | null {
  if (!target.startsWith("src/")) {
    return `${path} imports ${target}: src never imports tools or test`;
  }
  const from = roomOf(path);
  const to = roomOf(target);
  if (from === null || from === to) return null;
  if (to === null) return `${path} imports ${target}, which has no room`;
  const fromFloor = FLOORS[from];
  const toFloor = FLOORS[to];
  if (fromFloor === undefined || toFloor === undefined) {
    return `${path} or ${target} is in a room that DESIGN.md §3 does not know`;
  }
  const sideways = SIDEWAYS.some(([a, b]) => a === from && b === to);
  if (toFloor > fromFloor || (toFloor === fromFloor && !sideways)) {
    return `${from} (floor ${fromFloor}) imports ${to} (floor ${toFloor}): imports go down`;
  }
  if (!/\/(mod|options|ports)\.ts$/.test(target) && !isDoor(target)) {
    return `${path} enters ${to} by ${target}: use its mod.ts`;
  }
  return null;
}

/** Rooms with more than one entrance: parts that most callers must not load. */
function isDoor(target: string): boolean {
  return target === "src/platform/deno/mod.ts" ||
    target === "src/api/server/mod.ts" ||
    target === "src/api/client.ts" ||
    target === "src/api/contract/mod.ts";
}

/** One door per dependency. */
function doors(context: Context): Visitor {
  const path = belowRoot(context.filename);
  return onImports((node, specifier) => {
    if (!path.startsWith("src/")) return;
    for (const door of DOORS) {
      if (door.module.test(specifier) && !door.where.test(path)) {
        context.report({
          node,
          message: `${specifier} may not be imported in ${path}`,
          hint: `its only door is ${door.where.source}`,
        });
      }
    }
  });
}

/** Pure floors touch nothing; the others touch the world through ports only. */
function purity(context: Context): Visitor {
  const path = belowRoot(context.filename);
  const room = roomOf(path);
  if (room === null || path.startsWith("src/platform/deno/")) return {};
  const pure = (FLOORS[room] ?? 99) <= PURE_FLOOR_MAX;
  const banned = pure ? IMPURE : AMBIENT;
  const report = (node: Deno.lint.Node, what: string): void =>
    context.report({
      node,
      message: pure
        ? `${what} in ${path}: pure floors are synchronous and touch nothing`
        : `${what} in ${path}: the world is reached through ports only`,
    });
  const asynchronous = (node: Deno.lint.Node): void => {
    if (pure && (node as { async?: boolean }).async) report(node, "async");
  };
  return {
    Identifier(node): void {
      if (banned.has(node.name) && isFreeName(node)) report(node, node.name);
    },
    MemberExpression(node): void {
      const member = context.sourceCode.getText(node);
      if (member === "Math.random" || member === "AbortSignal.timeout") {
        report(node, member);
      }
    },
    FunctionDeclaration: asynchronous,
    FunctionExpression: asynchronous,
    ArrowFunctionExpression: asynchronous,
    AwaitExpression(node): void {
      if (pure) report(node, "await");
    },
  };
}

/** False for `x.Date`, `{ Date: 1 }` and the like, which name no global. */
function isFreeName(node: Deno.lint.Identifier): boolean {
  const parent = node.parent;
  switch (parent.type) {
    case "MemberExpression":
      return parent.object === node || parent.computed;
    case "Property":
      return parent.value === node && parent.key !== node;
    case "TSPropertySignature":
    case "TSMethodSignature":
    case "PropertyDefinition":
    case "MethodDefinition":
      return false;
    default:
      return !parent.type.startsWith("TS") ||
        parent.type === "TSAsExpression" ||
        parent.type === "TSNonNullExpression";
  }
}

/** A function fits a screen. */
function functionLength(context: Context): Visitor {
  const path = belowRoot(context.filename);
  if (!/^(src|tools)\//.test(path)) return {};
  const check = (node: Deno.lint.Node): void => {
    const lines = context.sourceCode.getText(node).split("\n").length;
    // A factory's inner functions count by themselves, not also for their factory.
    const inner = innerFunctionLines(node, context);
    if (lines - inner > LINES_PER_FUNCTION_MAX) {
      context.report({
        node,
        message: `a function of ${
          lines - inner
        } lines; ${LINES_PER_FUNCTION_MAX} at most`,
      });
    }
  };
  return {
    FunctionDeclaration: check,
    FunctionExpression: check,
    ArrowFunctionExpression: check,
  };
}

function innerFunctionLines(node: Deno.lint.Node, context: Context): number {
  const body = (node as { body?: Deno.lint.Node | null }).body;
  if (body?.type !== "BlockStatement") return 0;
  let lines = 0;
  const count = (inner: Deno.lint.Node): void => {
    lines += context.sourceCode.getText(inner).split("\n").length - 1;
  };
  for (const statement of body.body) {
    if (statement.type === "FunctionDeclaration") count(statement);
    if (
      statement.type === "ReturnStatement" &&
      statement.argument?.type === "ObjectExpression"
    ) {
      for (const property of statement.argument.properties) {
        if (
          property.type === "Property" &&
          (property.value.type === "FunctionExpression" ||
            property.value.type === "ArrowFunctionExpression")
        ) count(property.value);
      }
    }
  }
  return lines;
}

/** Whatever a room shows to others says what it is. */
function docstrings(context: Context): Visitor {
  const path = belowRoot(context.filename);
  if (!path.startsWith("src/")) return {};
  return {
    ExportNamedDeclaration(node): void {
      if (node.declaration === null) return;
      const before = context.sourceCode.text.slice(0, node.range[0]).trimEnd();
      if (!before.endsWith("*/") && !isContinuedOverload(before, node)) {
        context.report({
          node,
          message: "an export without a docstring",
          hint: "say its shape, units, errors and source",
        });
      }
    },
  };
}

function isContinuedOverload(
  before: string,
  node: Deno.lint.ExportNamedDeclaration,
): boolean {
  const declaration = node.declaration as { id?: { name?: string } } | null;
  const name = declaration?.id?.name;
  return name !== undefined &&
    new RegExp(`export function ${name}[(<][^{]*;$`).test(before);
}

type ImportListener = (node: Deno.lint.Node, specifier: string) => void;

function onImports(listener: ImportListener): Visitor {
  return {
    ImportDeclaration(node): void {
      listener(node, node.source.value);
    },
    ExportAllDeclaration(node): void {
      listener(node, node.source.value);
    },
    ExportNamedDeclaration(node): void {
      if (node.source) listener(node, node.source.value);
    },
    ImportExpression(node): void {
      const source = node.source;
      if (source.type === "Literal" && typeof source.value === "string") {
        listener(node, source.value);
      }
    },
  };
}

/** The path below the root that a relative specifier means. */
export function resolve(path: string, specifier: string): string {
  const parts = path.split("/").slice(0, -1);
  for (const part of specifier.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== ".") parts.push(part);
  }
  return parts.join("/");
}
